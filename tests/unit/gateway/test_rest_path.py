"""The step that holds a REST call to its path."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from google.longrunning import operations_pb2
from portico.testing.v1 import testing_pb2

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.gateway.rest_path import rest_path
from portico_server.platform.errors import ApiError
from portico_server.platform.methods import methods_of
from tests.unit.gateway.fakes import METHODS, Handled, new_call, run

BUCKET = "accounts/default/buckets/photos"
GET = "/portico.objects.v1.ObjectService/GetObject"
UPDATE = "/portico.objects.v1.BucketService/UpdateBucket"
CANCEL = "/google.longrunning.Operations/CancelOperation"
SERVICES = [service for file in (buckets_pb2, objects_pb2) for service in file.DESCRIPTOR.services_by_name.values()]
ALL = {**METHODS, **methods_of(SERVICES)}
STEP = rest_path(ALL)


async def passes(path: str, message: Any, method: str = GET) -> bool:
    call = new_call(ALL.get(method, method), message, headers={"x-envoy-original-path": path})
    return await run(STEP, call)


async def refused(path: str, message: Any, method: str = GET) -> ApiError:
    handled = Handled()
    call = new_call(ALL.get(method, method), message, headers={"x-envoy-original-path": path})
    with pytest.raises(ApiError) as caught:
        await STEP(call, handled)
    assert not handled.calls
    assert (caught.value.code.name, caught.value.reason) == ("INVALID_ARGUMENT", "PATH_MISMATCH")
    return caught.value


def get(key: str) -> objects_pb2.GetObjectRequest:
    return objects_pb2.GetObjectRequest(name=f"{BUCKET}/objects/{key}")


@pytest.mark.parametrize("key", ["a", "a/b", "a//b", "a/", "/", "..", "a%2Fb", "a+b", "é/日", "a?b=c", "%zz", "a:copy"])
async def test_a_path_that_names_what_the_request_names_passes(key: str) -> None:
    assert await passes(f"/v1/{BUCKET}/objects/{quote(key, safe='')}", get(key))


async def test_a_query_that_adds_fields_passes() -> None:
    assert await passes(f"/v1/{BUCKET}/objects/a?limit_bytes=1&version_id=", get("a"))


async def test_nested_fields_literals_behind_and_custom_verbs_are_part_of_a_path() -> None:
    update = buckets_pb2.UpdateBucketRequest(bucket=buckets_pb2.Bucket(name=BUCKET))
    stream = testing_pb2.ServerStreamRequest(name="accounts/default/tests/t")
    cancel = operations_pb2.CancelOperationRequest(name="operations/objects/1")
    assert await passes(f"/v1/{BUCKET}", update, UPDATE)
    assert await passes("/v1/testing/accounts/default/tests/t:stream", stream, "ServerStream")
    assert await passes("/v1/operations/objects/1:cancel", cancel, CANCEL)


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/{BUCKET}/objects/a/",
        f"/v1/{BUCKET}/objects/b?name={BUCKET}/objects/a",
        f"/v1/{BUCKET}/objects/./a",
        f"/v1/{BUCKET}//objects/a",
        f"/v1/{BUCKET}/objects/A",
        "/v1/",
        "",
    ],
)
async def test_a_path_that_names_something_else_is_refused(path: str) -> None:
    await refused(path, get("a"))


@pytest.mark.parametrize("query", ["?", "?b", "?limit_bytes", "?limit_bytes=1&b", "?limit_bytes=1&"])
async def test_a_query_that_may_be_part_of_a_key_is_refused(query: str) -> None:
    assert "%3F" in (await refused(f"/v1/{BUCKET}/objects/a{query}", get("a"))).message


async def test_grpc_calls_have_no_such_path() -> None:
    assert await run(STEP, new_call(ALL[GET], get("a")))
