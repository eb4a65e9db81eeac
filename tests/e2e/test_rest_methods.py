"""Every method by REST: its own verb and path, JSON or raw bytes in and out."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.api import annotations_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from portico.testing.v1 import testing_pb2

from portico.gateway.v1 import credentials_pb2, telemetry_pb2
from portico.objects.v1 import buckets_pb2, notifications_pb2, objects_pb2, uploads_pb2, usage_pb2
from portico_server.host.envoy.path_template import to_regex
from portico_server.platform.methods import FOREIGN
from tests.e2e.calls import ACCOUNT, unique
from tests.harness import Response, RunningPlatform
from tests.harness.waiting import wait_until

FILES = (
    *(buckets_pb2, objects_pb2, uploads_pb2, usage_pb2, notifications_pb2),
    *(credentials_pb2, telemetry_pb2, testing_pb2),
)

WEBHOOK_URL = "https://webhook.invalid/hook"
WITHOUT_REST = {
    "portico.testing.v1.StrictService.Echo": "tried by gRPC: the transcoder lets no unknown field through",
    "google.longrunning.Operations.WaitOperation": "its contract gives it no path: by REST one asks GetOperation again",
    "grpc.health.v1.Health.Check": "gRPC's own protocol, without paths",
    "grpc.health.v1.Health.List": "gRPC's own protocol, without paths",
    "grpc.health.v1.Health.Watch": "gRPC's own protocol, without paths",
    "opentelemetry.proto.collector.trace.v1.TraceService.Export": "OTLP over HTTP has paths of its own, not these",
}


@dataclass(frozen=True)
class Case:
    """A call and what must hold of its answer: by default of its JSON, else of the response."""

    method: str
    verb: str
    path: str
    holds: Callable[[Any], object]
    body: Any = None
    raw: bool = False


def objects_case(method: str, verb: str, path: str, holds: Callable[[Any], object], **more: Any) -> Case:
    return Case(f"portico.objects.v1.{method}", verb, path, holds, **more)


def operation_case(method: str, verb: str, path: str, holds: Callable[[Any], object], **more: Any) -> Case:
    return Case(f"google.longrunning.Operations.{method}", verb, path, holds, **more)


def sample_case(method: str, verb: str, path: str, holds: Callable[[Any], object], **more: Any) -> Case:
    return Case(f"portico.testing.v1.TestingService.{method}", verb, path, holds, **more)


CASES = [
    objects_case(
        "BucketService.CreateBucket",
        "POST",
        "/v1/accounts/default/buckets?bucket_id={fresh}",
        lambda answer: answer["bucket"]["versioning"] == "VERSIONING_ENABLED",
        body={"versioning": "VERSIONING_ENABLED"},
    ),
    objects_case(
        "BucketService.GetBucket", "GET", "/v1/{bucket}", lambda answer: answer["bucket"]["locationHint"] == "weur"
    ),
    objects_case(
        "BucketService.ListBuckets",
        "GET",
        "/v1/accounts/default/buckets?prefix={bucket_id}",
        lambda answer: [bucket["locationHint"] for bucket in answer["buckets"]] == ["weur"],
    ),
    objects_case(
        "BucketService.UpdateBucket",
        "PATCH",
        "/v1/{versioned}?update_mask=versioning",
        lambda answer: answer["bucket"]["versioning"] == "VERSIONING_ENABLED",
        body={"versioning": "VERSIONING_ENABLED"},
    ),
    objects_case(
        "BucketService.ScrubBucket",
        "POST",
        "/v1/{versioned}:scrub",
        lambda answer: answer["operation"]["name"].startswith("operations/objects/"),
        body={},
    ),
    objects_case(
        "BucketService.RelocateBucket",
        "POST",
        "/v1/{versioned}:relocate",
        lambda answer: answer["operation"]["name"].startswith("operations/objects/"),
        body={},
    ),
    objects_case(
        "BucketService.DeleteBucket",
        "DELETE",
        "/v1/{doomed}?force=true",
        lambda answer: answer["operation"]["name"].startswith("operations/objects/"),
    ),
    objects_case(
        "ObjectService.PutObject",
        "PUT",
        "/v1/{bucket}/objects/new/key?metadata.cache_control=no-store&size_bytes=3",
        lambda answer: answer["object"]["metadata"] == {"contentType": "image/png", "cacheControl": "no-store"},
        body=b"png",
    ),
    objects_case(
        "ObjectService.GetObject",
        "GET",
        "/v1/{bucket}/objects/a",
        lambda response: (response.body, response.headers["content-type"]) == (b"content of a", "text/x-a"),
        raw=True,
    ),
    objects_case(
        "ObjectService.HeadObject",
        "GET",
        "/v1/metadata/{bucket}/objects/a",
        lambda answer: answer["object"]["sizeBytes"] == "12",
    ),
    objects_case(
        "ObjectService.ListObjects",
        "GET",
        "/v1/{bucket}/objects?prefix=dir/&delimiter=/&page_size=10",
        lambda answer: answer["prefixes"] == ["dir/sub/"] and len(answer["objects"]) == 1,
    ),
    objects_case(
        "ObjectService.ListObjectVersions",
        "GET",
        "/v1/{bucket}/versions?prefix=a",
        lambda answer: answer["objects"][0]["latest"] is True,
    ),
    objects_case("ObjectService.DeleteObject", "DELETE", "/v1/{bucket}/objects/nothing", lambda answer: answer == {}),
    objects_case(
        "ObjectService.DeleteObjects",
        "POST",
        "/v1/{bucket}/objects:delete",
        lambda answer: answer["results"] == [{}],
        body={"objects": [{"name": "{bucket}/objects/nothing"}]},
    ),
    objects_case(
        "ObjectService.CopyObject",
        "POST",
        "/v1/copy/{bucket}/objects/copied",
        lambda answer: answer["object"]["name"].endswith("/copied"),
        body={"source": "{bucket}/objects/a"},
    ),
    objects_case(
        "ObjectService.UpdateObject",
        "PATCH",
        "/v1/{bucket}/objects/a",
        lambda answer: answer["object"]["tags"] == {"colour": "red"},
        body={"tags": {"colour": "red"}, "updateMask": "tags"},
    ),
    objects_case(
        "ObjectService.ListObjectParts",
        "GET",
        "/v1/parts/{bucket}/objects/a",
        lambda answer: answer["object"]["sizeBytes"] == "12" and "parts" not in answer,
    ),
    objects_case(
        "UploadService.CreateMultipartUpload",
        "POST",
        "/v1/uploads/{bucket}/objects/begun",
        lambda answer: answer["upload"]["uploadId"],
        body={"metadata": {"contentType": "text/plain"}},
    ),
    objects_case(
        "UploadService.UploadPart",
        "PUT",
        "/v1/uploads/{bucket}/objects/parts?upload_id={upload}&part_number=1",
        lambda answer: answer["part"]["sizeBytes"] == "3",
        body=b"png",
    ),
    objects_case(
        "UploadService.CopyPart",
        "POST",
        "/v1/copyPart/{bucket}/objects/parts",
        lambda answer: answer["part"]["sizeBytes"] == "12",
        body={"uploadId": "{upload}", "partNumber": 2, "source": "{bucket}/objects/a"},
    ),
    objects_case(
        "UploadService.ListParts",
        "GET",
        "/v1/uploads/{bucket}/objects/parts?upload_id={upload}",
        lambda answer: [part["number"] for part in answer["parts"]] == [1, 2],
    ),
    objects_case(
        "UploadService.ListMultipartUploads",
        "GET",
        "/v1/{bucket}/uploads?prefix=parts",
        lambda answer: len(answer["uploads"]) == 1,
    ),
    objects_case(
        "UploadService.CompleteMultipartUpload",
        "POST",
        "/v1/completeUpload/{bucket}/objects/parts",
        lambda answer: answer["object"]["partsCount"] == 1,
        body={"uploadId": "{upload}", "parts": [{"number": 2}]},
    ),
    objects_case(
        "UploadService.AbortMultipartUpload",
        "DELETE",
        "/v1/uploads/{bucket}/objects/given-up?upload_id={given_up}",
        lambda answer: answer == {},
    ),
    objects_case(
        "UsageService.GetUsageReport",
        "GET",
        "/v1/accounts/default/objectUsage",
        lambda answer: "total" in answer["report"],
    ),
    objects_case(
        "NotificationService.ListNotifications",
        "GET",
        "/v1/{queue}/notifications?page_size=1",
        lambda answer: answer["notifications"][0]["event"] == "EVENT_OBJECT_CREATED",
    ),
    objects_case(
        "NotificationService.AcknowledgeNotifications",
        "POST",
        "/v1/{queue}/acknowledgeNotifications",
        lambda answer: answer["acknowledgedSequence"] == "1",
        body={"upToSequence": "1"},
    ),
    objects_case(
        "NotificationService.ListWebhooks",
        "GET",
        "/v1/accounts/default/webhooks?bucket={bucket}",
        lambda answer: [found["url"] for found in answer["webhooks"]] == [WEBHOOK_URL],
    ),
    objects_case(
        "NotificationService.GetWebhook", "GET", "/v1/{webhook}", lambda answer: answer["webhook"]["url"] == WEBHOOK_URL
    ),
    objects_case(
        "NotificationService.TestWebhook",
        "POST",
        "/v1/{webhook}:test",
        lambda answer: not answer.get("succeeded") and answer["failure"],
        body={},
    ),
    objects_case(
        "NotificationService.RetryWebhook",
        "POST",
        "/v1/{webhook}:retry",
        lambda answer: answer["webhook"]["state"] == "STATE_ACTIVE",
        body={"dropWaiting": True},
    ),
    objects_case(
        "NotificationService.RotateWebhookSecret",
        "POST",
        "/v1/{webhook}:rotateSecret",
        lambda answer: answer["secret"].startswith("whsec_"),
        body={},
    ),
    Case(
        "portico.gateway.v1.CredentialService.CreateToken",
        "POST",
        "/v1/tokens",
        lambda answer: answer["token"].count(".") == 2,
        body={"ttl": "60s"},
    ),
    Case(
        "portico.gateway.v1.CredentialService.CreateCertificate",
        "POST",
        "/v1/certificates",
        lambda answer: answer["certificatePem"].startswith("-----BEGIN CERTIFICATE-----"),
        body={"certificateRequest": "{certificate_request}", "ttl": "3600s"},
    ),
    Case(
        "portico.gateway.v1.TelemetryService.GetTrace",
        "GET",
        "/v1/accounts/default/traces/{ray}",
        lambda answer: answer["requestEvents"][0]["method"].endswith("/GetBucket"),
    ),
    Case(
        "portico.gateway.v1.TelemetryService.ListRequestEvents",
        "GET",
        "/v1/accounts/default/requestEvents?page_size=1",
        lambda answer: len(answer["requestEvents"]) == 1 and answer["nextPageToken"],
    ),
    operation_case(
        "ListOperations",
        "GET",
        "/v1/operations?page_size=1000",
        lambda answer: any("DeleteBucketMetadata" in found["metadata"]["@type"] for found in answer["operations"]),
    ),
    operation_case("GetOperation", "GET", "/v1/{operation}", lambda answer: answer["done"] is True),
    operation_case("CancelOperation", "POST", "/v1/{operation}:cancel", lambda answer: answer == {}, body={}),
    operation_case("DeleteOperation", "DELETE", "/v1/{operation}", lambda answer: answer == {}),
    sample_case(
        "Unary",
        "POST",
        "/v1/testing/accounts/default/tests/a",
        lambda answer: answer == {"text": "hello", "payload": "AAA="},
        body={"text": "hello", "response_bytes": 2},
    ),
    sample_case(
        "ServerStream",
        "POST",
        "/v1/testing/accounts/default/tests/a:stream",
        lambda response: [json.loads(line)["payload"] for line in response.body.splitlines()] == ["AA==", "AAAA"],
        body={"sizes_bytes": [1, 3]},
        raw=True,
    ),
    sample_case("Open", "GET", "/v1/testing/accounts/default/tests/a:open", lambda answer: answer == {}),
    sample_case("Empty", "GET", "/v1/testing:empty", lambda answer: answer == {}),
]

NOT_IMPLEMENTED = "portico.testing.v1.TestingService.Unimplemented"


@pytest.fixture(scope="module")
def names(platform: RunningPlatform) -> Iterator[dict[str, str]]:
    """What the paths are about, all made by REST."""
    bucket_id = unique()
    bucket, doomed, versioned = (f"{ACCOUNT}/buckets/{found}" for found in (bucket_id, unique(), unique()))
    queue = f"{ACCOUNT}/queues/{unique()}"
    rules = [
        {"events": ["EVENT_OBJECT_CREATED"], "queue": queue},
        {"events": ["EVENT_OBJECT_TAGGED"], "webhook_url": WEBHOOK_URL},
    ]
    settings = {"location_hint": "weur", "notification_rules": rules}
    post(platform, f"/v1/{ACCOUNT}/buckets?bucket_id={bucket_id}", settings)
    for other in (doomed, versioned):
        post(platform, f"/v1/{ACCOUNT}/buckets?bucket_id={other.rpartition('/')[2]}", {})
    for key in ("a", "dir/x", "dir/sub/y"):
        headers = {"content-type": "text/x-a"}
        platform.http("PUT", f"/v1/{bucket}/objects/{key}", body=f"content of {key}".encode(), headers=headers)
    upload, given_up = (begun(platform, f"{bucket}/objects/{key}") for key in ("parts", "given-up"))
    (webhook,) = platform.http("GET", f"/v1/{ACCOUNT}/webhooks?bucket={bucket}").json()["webhooks"]
    ray = platform.http("GET", f"/v1/{bucket}").headers["x-ray-id"]
    wait_until(lambda: platform.http("GET", f"/v1/{ACCOUNT}/traces/{ray}").status == 200, "the call can be looked up")
    yield {
        "bucket": bucket,
        "bucket_id": bucket_id,
        "doomed": doomed,
        "versioned": versioned,
        "queue": queue,
        "webhook": webhook["name"],
        "fresh": unique(),
        "upload": upload,
        "given_up": given_up,
        "ray": ray,
        "operation": emptied(platform),
        "certificate_request": certificate_request(),
    }
    platform.http("DELETE", f"/v1/{bucket}?force=true")


def begun(platform: RunningPlatform, name: str) -> str:
    """The id of a multipart upload."""
    upload_id: str = platform.http("POST", f"/v1/uploads/{name}", json_body={}).json()["upload"]["uploadId"]
    return upload_id


def emptied(platform: RunningPlatform) -> str:
    """The operation of a bucket's deletion, done."""
    bucket_id = unique()
    post(platform, f"/v1/{ACCOUNT}/buckets?bucket_id={bucket_id}", {})
    answer = platform.http("DELETE", f"/v1/{ACCOUNT}/buckets/{bucket_id}?force=true").json()
    name: str = answer["operation"]["name"]
    wait_until(lambda: platform.http("GET", f"/v1/{name}").json().get("done"), "the bucket is gone")
    return name


def certificate_request() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return base64.b64encode(request.public_bytes(serialization.Encoding.DER)).decode()


def post(platform: RunningPlatform, path: str, body: Any) -> None:
    response = platform.http("POST", path, json_body=body)
    assert response.status == 200, response.body


def filled(value: Any, names: dict[str, str]) -> Any:
    """A body with the names in it."""
    if isinstance(value, dict):
        return {key: filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    return value.format(**names) if isinstance(value, str) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.method.rpartition(".")[2])
def test_a_method_answers_by_rest(platform: RunningPlatform, names: dict[str, str], case: Case) -> None:
    path = case.path.format(**names)
    assert is_bound_to(case, path)
    response = send(platform, case, path, names)
    assert response.status == 200, response.body
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-ray-id"])
    if case.raw:
        assert case.holds(response), response.body
    else:
        assert response.headers["content-type"] == "application/json"
        assert case.holds(response.json()), response.body


def send(platform: RunningPlatform, case: Case, path: str, names: dict[str, str]) -> Response:
    if isinstance(case.body, bytes):
        return platform.http(case.verb, path, body=case.body, headers={"content-type": "image/png"})
    return platform.http(case.verb, path, json_body=filled(case.body, names))


def is_bound_to(case: Case, path: str) -> bool:
    """Whether the contract gives the method this verb and path: so that the case is about that method."""
    rule = described(case.method).GetOptions().Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern")
    return verb.upper() == case.verb and bool(re.fullmatch(to_regex(getattr(rule, verb)), path))


def described(method: str) -> MethodDescriptor:
    return descriptor_pool.Default().FindMethodByName(method)


def test_no_method_with_a_rest_path_is_left_out() -> None:
    ours = [
        method.full_name
        for file in FILES
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]
    foreign = [f"{method.service}.{method.name}" for method in FOREIGN.values() if not method.request_streaming]
    with_path = {name for name in ours if described(name).GetOptions().HasExtension(annotations_pb2.http)}
    answering_one_way = {name for name in ours if not described(name).client_streaming}
    assert answering_one_way <= with_path | WITHOUT_REST.keys()
    assert {case.method for case in CASES} == (with_path | set(foreign)) - WITHOUT_REST.keys() - {NOT_IMPLEMENTED}
