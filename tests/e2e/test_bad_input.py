"""Bad input to every method: refused with the field at fault, by the right code, and nothing is changed by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.api import httpbody_pb2
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor

from portico.dns.v1 import records_pb2, zones_pb2
from portico.gateway.v1 import credentials_pb2, telemetry_pb2
from portico.objects.v1 import buckets_pb2, notifications_pb2, objects_pb2, uploads_pb2, usage_pb2
from tests.e2e.calls import ACCOUNT, Objects, failure_of, puts
from tests.harness import RunningPlatform

INVALID = grpc.StatusCode.INVALID_ARGUMENT
BUCKET = f"{ACCOUNT}/buckets/bad-input"
OBJECT = f"{BUCKET}/objects/key"
QUEUE = f"{ACCOUNT}/queues/bad-input"
LONG = "x" * 1200
ZONE = f"{ACCOUNT}/zones/bad-input.example"
RECORD = f"{ZONE}/records/{'0' * 32}"
FILES = (
    *(buckets_pb2, objects_pb2, uploads_pb2, usage_pb2, notifications_pb2),
    *(credentials_pb2, telemetry_pb2, zones_pb2, records_pb2),
)

# A method, a request that is good but for one thing, and the field that the refusal must name.
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("BucketService/CreateBucket", {"parent": "accounts/Default", "bucket_id": "good-id"}, "parent"),
    ("BucketService/CreateBucket", {"parent": "", "bucket_id": "good-id"}, "parent"),
    ("BucketService/CreateBucket", {"parent": ACCOUNT}, "bucket_id"),
    ("BucketService/CreateBucket", {"parent": ACCOUNT, "bucket_id": "ab"}, "bucket_id"),
    ("BucketService/CreateBucket", {"parent": ACCOUNT, "bucket_id": "a" * 64}, "bucket_id"),
    ("BucketService/CreateBucket", {"parent": ACCOUNT, "bucket_id": "Upper"}, "bucket_id"),
    ("BucketService/CreateBucket", {"parent": ACCOUNT, "bucket_id": "-dash"}, "bucket_id"),
    ("BucketService/CreateBucket", {"parent": ACCOUNT, "bucket_id": "a..b"}, "bucket_id"),
    ("BucketService/CreateBucket", {"parent": ACCOUNT, "bucket_id": "192.168.0.1"}, "bucket_id"),
    ("BucketService/CreateBucket", {"parent": ACCOUNT, "bucket_id": "good-id", "request_id": "x"}, "request_id"),
    (
        "BucketService/CreateBucket",
        {"parent": ACCOUNT, "bucket_id": "good-id", "bucket": {"location_hint": "Not This"}},
        "bucket.location_hint",
    ),
    (
        "BucketService/CreateBucket",
        {"parent": ACCOUNT, "bucket_id": "good-id", "bucket": {"versioning": 9}},
        "bucket.versioning",
    ),
    ("BucketService/GetBucket", {"name": "buckets/demo"}, "name"),
    ("BucketService/GetBucket", {"name": ""}, "name"),
    ("BucketService/GetBucket", {"name": f"{ACCOUNT}/buckets/a"}, "name"),
    ("BucketService/GetBucket", {"name": f"{ACCOUNT}/buckets/../buckets/demo"}, "name"),
    ("BucketService/ListBuckets", {"parent": ACCOUNT, "page_size": -1}, "page_size"),
    ("BucketService/ListBuckets", {"parent": ACCOUNT, "page_token": "forged"}, "page_token"),
    ("BucketService/ListBuckets", {"parent": ACCOUNT, "page_token": "x" * 5000}, "page_token"),
    ("BucketService/ListBuckets", {"parent": ACCOUNT, "prefix": "x" * 64}, "prefix"),
    ("BucketService/ListBuckets", {"parent": "default"}, "parent"),
    ("BucketService/UpdateBucket", {}, "bucket.name"),
    ("BucketService/UpdateBucket", {"bucket": {"name": BUCKET}, "update_mask": "createTime"}, "update_mask"),
    ("BucketService/DeleteBucket", {"name": "demo"}, "name"),
    ("BucketService/DeleteBucket", {"name": BUCKET, "etag": "x" * 65}, "etag"),
    ("BucketService/ScrubBucket", {"name": OBJECT}, "name"),
    ("BucketService/RelocateBucket", {"name": OBJECT}, "name"),
    ("BucketService/RelocateBucket", {"name": BUCKET, "location_hint": "Europe"}, "location_hint"),
    ("ObjectService/HeadObject", {"name": BUCKET + "/objects/"}, "name"),
    ("ObjectService/HeadObject", {"name": BUCKET + "/objects/" + LONG}, "name"),
    ("ObjectService/HeadObject", {"name": BUCKET + "/objects/a\0b"}, "name"),
    ("ObjectService/HeadObject", {"name": OBJECT, "version_id": "no spaces"}, "version_id"),
    ("ObjectService/HeadObject", {"name": OBJECT, "conditions": {"if_match": [""]}}, "conditions.if_match[0]"),
    ("ObjectService/GetObject", {"name": ""}, "name"),
    ("ObjectService/GetObject", {"name": OBJECT, "limit_bytes": -1}, "limit_bytes"),
    ("ObjectService/GetObject", {"name": OBJECT, "offset_bytes": -(2**60)}, "offset_bytes"),
    ("ObjectService/GetObject", {"name": OBJECT, "version_id": "x" * 129}, "version_id"),
    (
        "ObjectService/GetObject",
        {"name": OBJECT, "conditions": {"if_none_match": ["x"] * 65}},
        "conditions.if_none_match",
    ),
    ("ObjectService/ListObjects", {"parent": "nowhere"}, "parent"),
    ("ObjectService/ListObjects", {"parent": BUCKET, "page_size": -5}, "page_size"),
    ("ObjectService/ListObjects", {"parent": BUCKET, "prefix": LONG}, "prefix"),
    ("ObjectService/ListObjects", {"parent": BUCKET, "delimiter": LONG}, "delimiter"),
    ("ObjectService/ListObjects", {"parent": BUCKET, "start_after": "a\0"}, "start_after"),
    ("ObjectService/ListObjects", {"parent": BUCKET, "page_token": "AAAA"}, "page_token"),
    ("ObjectService/ListObjectVersions", {"parent": ""}, "parent"),
    ("ObjectService/ListObjectVersions", {"parent": BUCKET, "page_size": -1}, "page_size"),
    ("ObjectService/ListObjectVersions", {"parent": BUCKET, "page_token": "!"}, "page_token"),
    ("ObjectService/DeleteObject", {"name": BUCKET}, "name"),
    ("ObjectService/DeleteObject", {"name": OBJECT, "request_id": "again"}, "request_id"),
    ("ObjectService/DeleteObjects", {"parent": BUCKET}, "objects.name"),
    ("ObjectService/DeleteObjects", {"parent": BUCKET, "objects": [{"name": "x"}]}, "objects[0].name"),
    ("ObjectService/DeleteObjects", {"parent": BUCKET, "objects": [{"name": OBJECT}] * 1001}, "objects"),
    ("ObjectService/CopyObject", {"name": OBJECT}, "source"),
    ("ObjectService/CopyObject", {"name": OBJECT, "source": "elsewhere"}, "source"),
    ("ObjectService/CopyObject", {"name": "", "source": OBJECT}, "name"),
    (
        "ObjectService/CopyObject",
        {"name": OBJECT, "source": OBJECT, "metadata": {"content_type": "a\nb"}},
        "metadata.content_type",
    ),
    (
        "ObjectService/CopyObject",
        {"name": OBJECT, "source": OBJECT, "metadata": {"custom": {"Upper": "x"}}},
        'metadata.custom["Upper"]',
    ),
    (
        "ObjectService/CopyObject",
        {"name": OBJECT, "source": OBJECT, "metadata": {"custom": {"a": "x" * 8192}}},
        "metadata.custom",
    ),
    ("ObjectService/UpdateObject", {"name": OBJECT, "tags": {"a": "b"}}, "update_mask"),
    ("ObjectService/UpdateObject", {"name": OBJECT, "update_mask": "etag"}, "update_mask"),
    ("ObjectService/UpdateObject", {"name": OBJECT, "tags": {"": "b"}, "update_mask": "tags"}, 'tags[""]'),
    ("ObjectService/UpdateObject", {"name": BUCKET, "update_mask": "tags"}, "name"),
    ("ObjectService/ListObjectParts", {"parent": BUCKET}, "parent"),
    ("ObjectService/ListObjectParts", {"parent": OBJECT, "start_after": 10_001}, "start_after"),
    ("UploadService/CreateMultipartUpload", {"name": BUCKET}, "name"),
    ("UploadService/CreateMultipartUpload", {"name": OBJECT, "request_id": "again"}, "request_id"),
    ("UploadService/UploadPart", {"name": BUCKET, "upload_id": "u", "part_number": 1}, "name"),
    ("UploadService/UploadPart", {"name": OBJECT, "upload_id": "u", "part_number": 10_001}, "part_number"),
    ("UploadService/CopyPart", {"name": OBJECT, "upload_id": "u", "part_number": 1}, "source"),
    ("UploadService/CopyPart", {"name": OBJECT, "upload_id": "u", "source": OBJECT}, "part_number"),
    ("UploadService/CopyPart", {"name": OBJECT, "part_number": 1, "source": OBJECT}, "upload_id"),
    ("UploadService/ListParts", {"parent": OBJECT}, "upload_id"),
    ("UploadService/ListParts", {"parent": OBJECT, "upload_id": "u", "page_size": -1}, "page_size"),
    ("UploadService/ListMultipartUploads", {"parent": OBJECT}, "parent"),
    ("UploadService/ListMultipartUploads", {"parent": BUCKET, "page_token": "!"}, "page_token"),
    ("UploadService/CompleteMultipartUpload", {"name": OBJECT, "upload_id": "u"}, "parts"),
    (
        "UploadService/CompleteMultipartUpload",
        {"name": OBJECT, "upload_id": "u", "parts": [{"number": 1}, {"number": 0}]},
        "parts[1].number",
    ),
    ("UploadService/AbortMultipartUpload", {"name": OBJECT}, "upload_id"),
    ("UsageService/GetUsageReport", {"parent": BUCKET}, "parent"),
    ("UsageService/GetUsageReport", {"parent": ACCOUNT, "month": "May"}, "month"),
    ("NotificationService/ListNotifications", {"parent": BUCKET}, "parent"),
    ("NotificationService/ListNotifications", {"parent": QUEUE, "page_size": -1}, "page_size"),
    ("NotificationService/ListNotifications", {"parent": QUEUE, "page_token": "!"}, "page_token"),
    ("NotificationService/ListNotifications", {"parent": QUEUE, "wait_seconds": 21}, "wait_seconds"),
    ("NotificationService/AcknowledgeNotifications", {"parent": QUEUE}, "up_to_sequence"),
    ("NotificationService/AcknowledgeNotifications", {"parent": ACCOUNT, "up_to_sequence": 1}, "parent"),
    ("NotificationService/ListWebhooks", {"parent": QUEUE}, "parent"),
    ("NotificationService/ListWebhooks", {"parent": ACCOUNT, "page_size": -1}, "page_size"),
    ("NotificationService/ListWebhooks", {"parent": ACCOUNT, "page_token": "!"}, "page_token"),
    ("NotificationService/ListWebhooks", {"parent": ACCOUNT, "bucket": "b"}, "bucket"),
    *(
        (f"NotificationService/{method}", {"name": name}, "name")
        for method in ("GetWebhook", "TestWebhook", "RetryWebhook", "RotateWebhookSecret")
        for name in ("", QUEUE, f"{ACCOUNT}/webhooks/a")
    ),
    (
        "NotificationService/RetryWebhook",
        {"name": f"{ACCOUNT}/webhooks/{'0' * 32}", "skip_notification_id": "1"},
        "skip_notification_id",
    ),
    ("ObjectService/PutObject", {"name": ""}, "name"),
    ("ObjectService/PutObject", {"name": BUCKET}, "name"),
    ("ObjectService/PutObject", {"name": OBJECT, "size_bytes": -1}, "size_bytes"),
    ("ObjectService/PutObject", {"name": OBJECT, "checksums": {"md5": "AAAA"}}, "checksums.md5"),
    ("ObjectService/PutObject", {"name": OBJECT, "checksums": {"crc32c": "AAA="}}, "checksums.crc32c"),
    (
        "ObjectService/PutObject",
        {"name": OBJECT, "metadata": {"cache_control": "\x00"}},
        "metadata.cache_control",
    ),
    ("ZoneService/CreateZone", {"parent": "accounts/Default", "zone_id": "a.example"}, "parent"),
    ("ZoneService/CreateZone", {"parent": ACCOUNT}, "zone_id"),
    ("ZoneService/CreateZone", {"parent": ACCOUNT, "zone_id": "x" * 1025}, "zone_id"),
    ("ZoneService/CreateZone", {"parent": ACCOUNT, "zone_id": "bücher.example"}, "zone_id"),
    ("ZoneService/CreateZone", {"parent": ACCOUNT, "zone_id": "a.example", "request_id": "x"}, "request_id"),
    (
        "ZoneService/CreateZone",
        {"parent": ACCOUNT, "zone_id": "a.example", "zone": {"display_name": "x" * 101}},
        "zone.display_name",
    ),
    ("ZoneService/GetZone", {"name": f"{ACCOUNT}/zones/Example.com"}, "name"),
    ("ZoneService/ListZones", {"parent": ACCOUNT, "prefix": "a b"}, "prefix"),
    ("ZoneService/ListZones", {"parent": ACCOUNT, "page_token": "forged"}, "page_token"),
    ("ZoneService/UpdateZone", {"zone": {"name": ZONE}, "update_mask": "domain"}, "update_mask"),
    ("ZoneService/DeleteZone", {"name": ZONE, "etag": "x" * 65}, "etag"),
    ("ZoneService/VerifyZone", {"name": ZONE, "method": 7}, "method"),
    ("RecordService/CreateRecord", {"parent": ACCOUNT, "record": {"a": "192.0.2.1"}}, "parent"),
    ("RecordService/CreateRecord", {"parent": ZONE}, "record"),
    ("RecordService/CreateRecord", {"parent": ZONE, "record": {"ttl_seconds": 86401}}, "record.ttl_seconds"),
    ("RecordService/CreateRecord", {"parent": ZONE, "record": {"txt": "x" * 2049}}, "record.txt"),
    ("RecordService/CreateRecord", {"parent": ZONE, "record": {"mx": {}}}, "record.mx.exchange"),
    (
        "RecordService/CreateRecord",
        {"parent": ZONE, "record": {"srv": {"port": 65536, "target": "a.example"}}},
        "record.srv.port",
    ),
    ("RecordService/CreateRecord", {"parent": ZONE, "record": {"caa": {"tag": "all"}}}, "record.caa.tag"),
    ("RecordService/GetRecord", {"name": f"{ZONE}/records/1"}, "name"),
    ("RecordService/ListRecords", {"parent": ZONE, "type": 99}, "type"),
    ("RecordService/ListRecords", {"parent": ZONE, "domain_name": "a.example.org"}, "domain_name"),
    ("RecordService/UpdateRecord", {"record": {"name": RECORD}, "update_mask": "type"}, "update_mask"),
    ("RecordService/DeleteRecord", {"name": ZONE}, "name"),
    ("RecordService/BatchUpdateRecords", {"parent": ZONE, "creates": [{}] * 201}, "creates"),
    ("RecordService/BatchUpdateRecords", {"parent": ZONE, "deletes": [{"name": "x"}]}, "deletes[0].name"),
    ("RecordService/ImportZoneFile", {"parent": ZONE}, "zone_file"),
    ("RecordService/ImportZoneFile", {"parent": ZONE, "zone_file": "; none", "mode": 9}, "mode"),
    ("RecordService/ExportZoneFile", {"parent": "zones/a.example"}, "parent"),
    ("CredentialService/CreateToken", {"subject": "root"}, "subject"),
    ("CredentialService/CreateToken", {"ttl": "1s"}, "ttl"),
    ("CredentialService/CreateToken", {"ttl": "100000s"}, "ttl"),
    ("CredentialService/CreateCertificate", {}, "certificate_request"),
    ("CredentialService/CreateCertificate", {"certificate_request": "bm90IGRlcg=="}, "certificate_request"),
    ("CredentialService/CreateCertificate", {"certificate_request": "AAAA", "ttl": "1s"}, "ttl"),
    ("TelemetryService/GetTrace", {"name": f"{ACCOUNT}/traces/short"}, "name"),
    ("TelemetryService/ListRequestEvents", {"parent": ACCOUNT, "page_size": -1}, "page_size"),
    ("TelemetryService/ListRequestEvents", {"parent": ACCOUNT, "page_token": "x"}, "page_token"),
    ("TelemetryService/ListRequestEvents", {"parent": ACCOUNT, "method": "x" * 300}, "method"),
]


def described(method: str) -> MethodDescriptor:
    for file in FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            if service.name == method.partition("/")[0]:
                return service.methods_by_name[method.partition("/")[2]]
    raise AssertionError(method)


def every_method() -> list[str]:
    services = [service for file in FILES for service in file.DESCRIPTOR.services_by_name.values()]
    return [f"{service.name}/{method.name}" for service in services for method in service.methods]


@pytest.fixture(scope="module")
def channel(platform: RunningPlatform) -> Iterator[grpc.Channel]:
    with platform.channel() as opened:
        objects = Objects(opened)
        request = buckets_pb2.CreateBucketRequest(parent=ACCOUNT, bucket_id="bad-input")
        objects.buckets.CreateBucket(request, timeout=10)
        objects.put(OBJECT, b"good")
        yield opened


def send(channel: grpc.Channel, method: MethodDescriptor, request: Any) -> Any:
    """Sends one message, whatever kind of call it is."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    answer = message_factory.GetMessageClass(method.output_type)
    kinds = {(False, False): "unary_unary", (False, True): "unary_stream", (True, False): "stream_unary"}
    kind = kinds[method.client_streaming, method.server_streaming]
    call = getattr(channel, kind)(
        path, request_serializer=type(request).SerializeToString, response_deserializer=answer.FromString
    )
    return call(iter([request]) if method.client_streaming else request, timeout=20)


def test_no_method_is_left_out() -> None:
    assert {method for method, _, _ in CASES} == set(every_method())


@pytest.mark.parametrize(
    ("method", "request_fields", "field"),
    CASES,
    ids=[f"{method.partition('/')[2]}-{field}-{number}" for number, (method, _, field) in enumerate(CASES)],
)
def test_a_bad_field_is_named(channel: grpc.Channel, method: str, request_fields: dict[str, Any], field: str) -> None:
    descriptor = described(method)
    request = json_format.ParseDict(request_fields, message_factory.GetMessageClass(descriptor.input_type)())
    failure = failure_of(lambda: send(channel, descriptor, request))
    assert failure.code is INVALID, failure.message
    assert failure.fields == [field]
    assert failure.reason
    assert failure.info.metadata["ray_id"]


def test_nothing_of_it_changed_anything(channel: grpc.Channel) -> None:
    assert Objects(channel).keys(BUCKET) == ["key"]
    assert Objects(channel).get(OBJECT) == b"good"


def test_several_bad_fields_are_all_named(channel: grpc.Channel) -> None:
    request = buckets_pb2.CreateBucketRequest(parent=ACCOUNT, bucket_id="A", request_id="x")
    failure = failure_of(lambda: Objects(channel).buckets.CreateBucket(request, timeout=10))
    assert sorted(failure.fields) == ["bucket_id", "request_id"]


def test_a_stranger_learns_nothing_of_the_rules(platform: RunningPlatform) -> None:
    with platform.channel(token=None) as anonymous:
        request = buckets_pb2.CreateBucketRequest(parent="nonsense", bucket_id="A")
        failure = failure_of(lambda: Objects(anonymous).buckets.CreateBucket(request, timeout=10))
    assert failure.code is grpc.StatusCode.UNAUTHENTICATED
    assert failure.fields == []


def test_every_message_of_a_stream_is_held_against_the_rules(channel: grpc.Channel) -> None:
    later = objects_pb2.PutObjectRequest(data=httpbody_pb2.HttpBody(data=b"x"), size_bytes=-1)
    messages = iter([*puts(f"{BUCKET}/objects/later", b"first"), later])
    failure = failure_of(lambda: Objects(channel).stub.PutObject(messages, timeout=10))
    assert failure.fields == ["size_bytes"]
    assert Objects(channel).keys(BUCKET) == ["key"]


def test_a_stream_may_not_go_on_to_another_resource(channel: grpc.Channel) -> None:
    later = objects_pb2.PutObjectRequest(name=f"{BUCKET}/objects/other", data=httpbody_pb2.HttpBody(data=b"x"))
    messages = iter([*puts(f"{BUCKET}/objects/later", b"first"), later])
    failure = failure_of(lambda: Objects(channel).stub.PutObject(messages, timeout=10))
    assert (failure.code, failure.fields) == (INVALID, ["name"])


def test_a_message_with_a_body_of_more_than_4_mib_is_refused(channel: grpc.Channel) -> None:
    messages = puts(f"{BUCKET}/objects/large", bytes(4 * 1024 * 1024 + 1), chunk_bytes=1 << 23)
    failure = failure_of(lambda: Objects(channel).stub.PutObject(messages, timeout=10))
    assert (failure.code, failure.fields) == (INVALID, ["data.data"])


def test_an_unknown_field_is_accepted_for_the_sake_of_newer_clients(channel: grpc.Channel) -> None:
    request = buckets_pb2.GetBucketRequest.FromString(
        buckets_pb2.GetBucketRequest(name=BUCKET).SerializeToString() + b"\xfa\x3f\x01x"
    )
    assert Objects(channel).buckets.GetBucket(request, timeout=10).bucket.name == BUCKET


@pytest.mark.parametrize("body", ["{", "[]", '{"bucketId": 5}', '{"nonsense": 1}', "\xff", '{"a":' * 200])
def test_json_that_is_none_or_another_message_is_refused(platform: RunningPlatform, body: str) -> None:
    response = platform.http(
        "POST",
        "/v1/accounts/default/buckets",
        body=body.encode("latin-1"),
        headers={"content-type": "application/json"},
    )
    assert response.status == 400
    assert b"stack" not in response.body.lower()


def test_an_unknown_query_parameter_is_refused(platform: RunningPlatform) -> None:
    assert platform.http("GET", "/v1/accounts/default/buckets?nonsense=1").status == 400


def test_an_unknown_path_is_not_found(platform: RunningPlatform) -> None:
    assert platform.http("GET", "/v1/nothing/here").status == 404
