"""How calls are made: retries, deadlines, errors, request ids, metadata, stubs."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

import portico
from portico import Client, errors
from portico._methods import lookup
from portico._retries import Deadline, pause_seconds
from portico.objects.v1 import objects_pb2, objects_pb2_grpc
from tests.unit.sdk.fake_platform import ACCOUNT, FakePlatform, Fault

UNAVAILABLE = Fault(grpc.StatusCode.UNAVAILABLE)


def test_a_read_is_retried_until_it_succeeds(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    fake.fail("GetBucket", *[UNAVAILABLE] * 4)
    assert client.buckets.get("photos").name.endswith("photos")
    assert fake.calls["GetBucket"] == 5


def test_retries_end_after_so_many_attempts(client: Client, fake: FakePlatform) -> None:
    fake.fail("GetBucket", *[UNAVAILABLE] * 9)
    with pytest.raises(errors.Unavailable):
        client.with_options(attempts=3).buckets.get("photos")
    assert fake.calls["GetBucket"] == 3


def test_a_mutation_is_retried_under_one_request_id(client: Client, fake: FakePlatform) -> None:
    fake.fail("CreateBucket", UNAVAILABLE)
    client.buckets.create("photos")
    client.objects.put("photos", "k", b"x")
    fake.fail("PutObject", UNAVAILABLE)
    client.objects.put("photos", "k", b"x")
    assert (fake.calls["CreateBucket"], fake.calls["PutObject"]) == (2, 3)
    assert len({request.request_id for request in fake.requests["CreateBucket"]}) == 1
    first, second = (messages[0].request_id for messages in fake.requests["PutObject"])
    assert first != second


def test_what_may_do_harm_twice_is_not_retried(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    fake.fail("UpdateBucket", UNAVAILABLE)
    with pytest.raises(errors.Unavailable):
        client.buckets.update("photos", versioning=2)  # type: ignore[arg-type]
    assert fake.calls["UpdateBucket"] == 1


def test_a_source_that_cannot_be_read_again_is_not_put_again(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    fake.fail("PutObject", UNAVAILABLE)
    with pytest.raises(errors.Unavailable):
        client.objects.put("photos", "k", iter([b"once"]))
    assert fake.calls["PutObject"] == 1


def test_the_platforms_own_pause_is_kept(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    fake.fail("GetBucket", Fault(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after_seconds=0.15))
    begin = time.monotonic()
    client.buckets.get("photos")
    assert time.monotonic() - begin >= 0.15


def test_a_pause_that_does_not_fit_the_deadline_is_not_begun(client: Client, fake: FakePlatform) -> None:
    fake.fail("GetBucket", Fault(grpc.StatusCode.UNAVAILABLE, retry_after_seconds=30))
    begin = time.monotonic()
    with pytest.raises(errors.Unavailable) as caught:
        client.with_options(timeout_seconds=1).buckets.get("photos")
    assert time.monotonic() - begin < 25
    assert caught.value.retry_after_seconds == 30


@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL", "DEADLINE_EXCEEDED", "NOT_FOUND"])
def test_errors_that_do_not_mend_themselves_are_not_retried(code: str) -> None:
    assert pause_seconds(errors.CLASSES[code]("no"), 1, 5, Deadline(None)) is None


def test_pauses_grow_to_a_ceiling() -> None:
    pauses = [
        max(pause_seconds(errors.Unavailable("no"), n, 99, Deadline(None)) or 0 for _ in range(200)) for n in (1, 4, 20)
    ]
    assert pauses[0] <= 0.1 < pauses[1] <= 0.8 < pauses[2] <= 5.0


def test_an_error_tells_all_that_the_platform_said(client: Client, fake: FakePlatform) -> None:
    violation = ("bucket.name", "must not be empty", "string.min_len")
    fake.fail(
        "GetBucket",
        Fault(grpc.StatusCode.INVALID_ARGUMENT, "INVALID", "wrong", metadata={"a": "b"}, violations=(violation,)),
    )
    with pytest.raises(errors.InvalidArgument) as caught:
        client.buckets.get("photos")
    error = caught.value
    assert (error.code, error.reason, error.message, error.metadata) == (
        "INVALID_ARGUMENT",
        "INVALID",
        "wrong",
        {"a": "b"},
    )
    assert error.violations == (errors.FieldViolation(*violation),)
    assert error.ray_id == client.last_ray_id != ""
    assert str(error) == f"INVALID_ARGUMENT (INVALID): wrong [ray {error.ray_id}]"


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_code_has_its_class(client: Client, fake: FakePlatform, code: grpc.StatusCode) -> None:
    fake.fail("DeleteObject", *[Fault(code)] * 5)
    with pytest.raises(errors.PorticoError) as caught:
        client.objects.delete("photos", "k")
    assert caught.value.code == code.name
    assert type(caught.value).__name__.lower() == code.name.replace("_", "").lower() or code is grpc.StatusCode.UNKNOWN


def test_an_address_where_nobody_answers_is_unavailable(fake: FakePlatform) -> None:
    with (
        portico.connect(address="127.0.0.1:1", token="t", attempts=2) as client,
        pytest.raises(errors.Unavailable) as caught,
    ):
        client.buckets.get("photos")
    assert caught.value.ray_id == ""


def test_a_platform_of_another_authority_is_not_believed(fake: FakePlatform) -> None:
    import trustme

    (fake.profile / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    with portico.connect(attempts=1) as client, pytest.raises(errors.ProfileError) as caught:
        client.health.check()
    assert caught.value.reason == "PLATFORM_UNKNOWN"
    assert not fake.calls


def test_an_authority_that_was_given_is_not_replaced_by_the_profiles(fake: FakePlatform, tmp_path: Path) -> None:
    import trustme

    given = tmp_path / "given.pem"
    given.write_bytes(trustme.CA().cert_pem.bytes())
    with portico.connect(authority_file=given, attempts=1) as client, pytest.raises(errors.ProfileError) as caught:
        client.health.check()
    assert caught.value.reason == "PLATFORM_UNKNOWN"
    assert not fake.calls


def test_a_deadline_ends_a_call(client: Client, fake: FakePlatform) -> None:
    with pytest.raises(errors.DeadlineExceeded):
        client.with_options(timeout_seconds=1e-6).buckets.get("photos")
    assert not fake.calls, "what has no time left is not sent"


def test_the_ray_of_the_last_call_is_at_hand(client: Client) -> None:
    client.health.check()
    first = client.last_ray_id
    client.health.check()
    assert len(first) == 32
    assert client.last_ray_id != first


def test_generated_stubs_make_all_kinds_of_calls(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    stub = client.stub(objects_pb2_grpc.ObjectServiceStub)
    name = f"{ACCOUNT}/buckets/photos/objects/k"
    messages = [objects_pb2.PutObjectRequest(name=name), objects_pb2.PutObjectRequest()]
    messages[1].data.data = b"x" * 100_000
    assert stub.PutObject(iter(messages)).object.size_bytes == 100_000
    fake.fail("HeadObject", UNAVAILABLE)
    head = stub.HeadObject(objects_pb2.HeadObjectRequest(name=name), timeout=5, metadata=[("x-mine", "1")])
    assert head.object.size_bytes == 100_000
    assert fake.headers["HeadObject"][-1]["x-mine"] == "1"
    assert [len(part.data.data) for part in stub.GetObject(objects_pb2.GetObjectRequest(name=name))] == [65536, 34464]
    with pytest.raises(errors.NotFound):
        list(stub.GetObject(objects_pb2.GetObjectRequest(name=name + "?")))


def test_a_stream_of_a_stub_can_be_left(client: Client) -> None:
    stub = client.stub(health_pb2_grpc.HealthStub)
    for answer in stub.Watch(health_pb2.HealthCheckRequest()):
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        break
    assert client.health.check() == "SERVING"


async def test_generated_stubs_are_awaited_in_the_asyncio_client(async_client: portico.AsyncClient) -> None:
    await async_client.buckets.create("photos")
    stub = async_client.stub(objects_pb2_grpc.ObjectServiceStub)
    name = f"{ACCOUNT}/buckets/photos/objects/k"
    await stub.PutObject([objects_pb2.PutObjectRequest(name=name)])  # type: ignore[misc]
    found = [part async for part in stub.GetObject(objects_pb2.GetObjectRequest(name=name))]  # type: ignore[attr-defined]
    assert found[0].object.name == name


def test_methods_know_from_their_contract_whether_they_may_be_repeated() -> None:

    service = "/portico.objects.v1.ObjectService/"
    assert lookup(service + "GetObject").repeatable
    assert lookup(service + "DeleteObject").repeatable
    assert not lookup(service + "CopyObject").repeatable
    assert lookup(service + "CopyObject").request_id
    assert not lookup("/portico.objects.v1.BucketService/UpdateBucket").repeatable
    assert not lookup(service + "GetObject").anonymous
    with pytest.raises(KeyError):
        lookup("/portico.objects.v1.ObjectService/Nothing")


def test_only_what_tokens_come_of_is_sent_none() -> None:
    access, credentials = "/portico.access.v1.MemberService/", "/portico.gateway.v1.CredentialService/"
    import_module("portico.access.v1.members_pb2")
    import_module("portico.gateway.v1.credentials_pb2")
    assert lookup(credentials + "CreateToken").anonymous
    assert not lookup(access + "AcceptInvitation").anonymous, "it asks who accepts, though it asks for no permission"
