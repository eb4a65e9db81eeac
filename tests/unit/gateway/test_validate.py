"""The validate step."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from google.api import httpbody_pb2
from portico.testing.v1 import testing_pb2

from portico.objects.v1 import objects_pb2, uploads_pb2
from portico_server.gateway.validate import MAX_BODY_BYTES, validate
from portico_server.gateway.validate_many import AT_ONCE, many_of
from portico_server.platform.errors import ApiError
from portico_server.platform.methods import ContractError, Method, methods_of
from portico_server.platform.violations import MAX_FIELDS, MAX_TEXT
from tests.unit.gateway.fakes import METHODS, Handled, new_call, run

NAME = "accounts/default/tests/t"
KEY = "accounts/default/buckets/photos/objects/a"
PUT = "/portico.objects.v1.ObjectService/PutObject"
COMPLETE = "/portico.objects.v1.UploadService/CompleteMultipartUpload"
_SERVICES = [*objects_pb2.DESCRIPTOR.services_by_name.values(), *uploads_pb2.DESCRIPTOR.services_by_name.values()]
ALL = {**METHODS, **methods_of(_SERVICES)}
STEP = validate(ALL)


async def refusal(message: object, method: str = "Unary") -> ApiError:
    handled = Handled()
    with pytest.raises(ApiError) as refused:
        await STEP(new_call(ALL[method] if method.startswith("/") else method, message), handled)
    assert not handled.calls
    assert refused.value.code.name == "INVALID_ARGUMENT"
    return refused.value


async def test_a_message_that_keeps_the_rules_passes_and_its_time_is_noted() -> None:
    call = new_call("Unary", testing_pb2.UnaryRequest(name=NAME, text="x" * 1000))

    assert await run(STEP, call)

    assert [step for step, _, _ in call.steps] == ["validate"]
    assert not call.checks


async def test_one_that_does_not_is_refused_with_field_rule_and_message() -> None:
    error = await refusal(testing_pb2.UnaryRequest(name=NAME, text="x" * 1001))

    (violation,) = error.violations
    assert (violation.field, violation.reason) == ("text", "string.max_len")
    assert "1000" in violation.description
    assert "text" in error.message


async def test_each_field_is_told_once() -> None:
    request = testing_pb2.UnaryRequest(name="x", text="x" * 1001, status=testing_pb2.Status(code=99))

    error = await refusal(request)

    assert sorted(violation.field for violation in error.violations) == ["name", "status.code", "text"]


async def test_paths_name_elements_and_map_keys() -> None:
    request = objects_pb2.PutObjectRequest(
        name=KEY, metadata={"custom": {"A": "b"}}, conditions={"if_match": ["a", ""]}
    )

    error = await refusal(request, PUT)

    assert sorted(violation.field for violation in error.violations) == [
        "conditions.if_match[1]",
        'metadata.custom["A"]',
    ]


@pytest.mark.parametrize("content_type", ["a\r\nx-evil: 1", "a\nb", "a\0", "é", "x" * 1025])
async def test_a_content_type_that_is_no_header_value_is_refused(content_type: str) -> None:
    request = objects_pb2.PutObjectRequest(name=KEY, data=httpbody_pb2.HttpBody(content_type=content_type))

    (violation,) = (await refusal(request, PUT)).violations

    assert violation.field == "data.content_type"


async def test_a_rule_about_a_whole_message_is_told_too() -> None:
    request = objects_pb2.PutObjectRequest(name=KEY, metadata={"custom": {"a": "x" * 8192}})

    (violation,) = (await refusal(request, PUT)).violations

    assert violation.field == "metadata.custom"
    assert violation.reason == "metadata.custom.size"


async def test_what_is_told_is_bounded_whatever_was_sent() -> None:
    request = objects_pb2.PutObjectRequest(name=KEY)
    for number in range(100):
        request.metadata.custom["A" * 900 + str(number)] = ""

    error = await refusal(request, PUT)

    assert len(error.violations) <= MAX_FIELDS
    assert all(len(violation.field) <= MAX_TEXT for violation in error.violations)


async def test_every_message_of_a_stream_is_validated() -> None:
    call = new_call("ClientStream", testing_pb2.ClientStreamRequest(name=NAME))
    await run(STEP, call)
    (check,) = call.checks

    check(testing_pb2.ClientStreamRequest(text="x" * 10))
    with pytest.raises(ApiError):
        check(testing_pb2.ClientStreamRequest(text="x" * 11))


async def test_the_first_message_of_a_stream_is_validated() -> None:
    await refusal(testing_pb2.ClientStreamRequest(name="nonsense"), "ClientStream")


async def test_a_body_is_bounded_though_its_type_carries_no_rule() -> None:
    fits = objects_pb2.PutObjectRequest(name=KEY, data=httpbody_pb2.HttpBody(data=bytes(MAX_BODY_BYTES)))
    assert await run(STEP, new_call(ALL[PUT], fits))

    fits.data.data += b"x"
    error = await refusal(fits, PUT)
    (violation,) = error.violations

    assert (error.reason, violation.field, violation.reason) == ("VALIDATION_FAILED", "data.data", "bytes.max_len")


async def test_validation_does_not_copy_the_bytes_that_it_has_no_rule_for() -> None:
    small = objects_pb2.PutObjectRequest(name=KEY, data=httpbody_pb2.HttpBody(data=b"x"))
    large = objects_pb2.PutObjectRequest(name=KEY, data=httpbody_pb2.HttpBody(data=bytes(1024 * 1024)))

    async def seconds(message: objects_pb2.PutObjectRequest) -> float:
        best = 1.0
        for _ in range(20):
            call = new_call(ALL[PUT], message)
            started = time.perf_counter()
            await run(STEP, call)
            best = min(best, time.perf_counter() - started)
        return best

    assert await seconds(large) - await seconds(small) < 0.002  # one copy to measure it, of about 20 us


def test_a_method_whose_contract_is_not_loaded_is_found_at_start() -> None:
    method = Method("/nothing.v1.NothingService/Get", False, False)

    with pytest.raises(ContractError):
        validate({method.path: method})


def completion(parts: int, **last: object) -> uploads_pb2.CompleteMultipartUploadRequest:
    """With so many parts; `last` changes the last."""
    request = uploads_pb2.CompleteMultipartUploadRequest(name=KEY, upload_id="u", size_bytes=7)
    for number in range(1, parts + 1):
        request.parts.add(number=number, etag="0" * 32)
    request.parts[-1].MergeFrom(type(request).Part(**last))
    return request


async def test_while_thousands_of_messages_are_looked_at_others_run() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(others())
    call = new_call(ALL[COMPLETE], completion(10_000))
    assert await run(STEP, call)
    running.cancel()
    assert turns >= 10_000 / AT_ONCE
    assert [step for step, _, _ in call.steps] == ["validate"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (completion(AT_ONCE + 1, number=10_001), f"parts[{AT_ONCE}].number"),
        (completion(5_000, etag="x" * 65), "parts[4999].etag"),
        (completion(10_001, number=1), "parts"),
        (uploads_pb2.CompleteMultipartUploadRequest(name=KEY, parts=completion(1_000).parts), "upload_id"),
    ],
    ids=["behind the first", "the last", "too many", "beside them"],
)
async def test_what_breaks_a_rule_among_thousands_is_told_as_ever(request_: Any, field: str) -> None:
    error = await refusal(request_, COMPLETE)
    assert field in [violation.field for violation in error.violations]


def test_fields_whose_messages_are_looked_at_together_are_not_taken_apart() -> None:
    assert many_of(uploads_pb2.CompleteMultipartUploadRequest.DESCRIPTOR) == "parts"
    assert many_of(objects_pb2.DeleteObjectsRequest.DESCRIPTOR) == "objects"
    assert many_of(objects_pb2.PutObjectRequest.DESCRIPTOR) is None
