"""Requests of services that refuse fields which their contract does not know."""

from __future__ import annotations

import pytest
from portico.testing.v1 import testing_pb2

from portico_server.gateway.unknown_fields import check_unknown_fields
from portico_server.gateway.validate import validate
from portico_server.platform.errors import ApiError
from tests.unit.gateway.fakes import METHODS, Handled, new_call, run

ECHO = METHODS["/portico.testing.v1.StrictService/Echo"]
UNKNOWN = b"\x98\x06\x01"
"""Field 99, a varint."""


def message_of(*, inside: bytes = b"", outside: bytes = b"") -> testing_pb2.EchoRequest:
    status = testing_pb2.Status.FromString(b"\x08\x05" + inside)
    request = testing_pb2.EchoRequest(
        text="x", status=status, statuses=[testing_pb2.Status(), status], statuses_by_name={"a": status}
    )
    return testing_pb2.EchoRequest.FromString(request.SerializeToString() + outside)


def fields_of(request: testing_pb2.EchoRequest) -> list[str]:
    with pytest.raises(ApiError) as refused:
        check_unknown_fields(request)
    assert (refused.value.code.name, refused.value.reason) == ("INVALID_ARGUMENT", "UNKNOWN_FIELDS")
    return [violation.field for violation in refused.value.violations]


def test_a_request_of_known_fields_passes() -> None:
    check_unknown_fields(message_of())


def test_an_unknown_field_is_told_by_its_number() -> None:
    with pytest.raises(ApiError, match="the request has fields that the contract does not know: 99;"):
        check_unknown_fields(message_of(outside=UNKNOWN + UNKNOWN))


def test_it_is_found_wherever_it_stands() -> None:
    assert fields_of(message_of(inside=UNKNOWN, outside=UNKNOWN)) == [
        "",
        "status",
        "statuses[1]",
        'statuses_by_name["a"]',
    ]


def test_what_is_told_is_bounded_whatever_was_sent() -> None:
    status = testing_pb2.Status.FromString(UNKNOWN)

    assert len(fields_of(testing_pb2.EchoRequest(statuses=[status] * 1000))) <= 32


async def test_the_validate_step_asks_of_services_that_refuse_them_and_of_no_others() -> None:
    handled = Handled()
    with pytest.raises(ApiError):
        await validate(METHODS)(new_call(ECHO, message_of(outside=UNKNOWN)), handled)
    assert not handled.calls

    name = testing_pb2.UnaryRequest(name="accounts/default/tests/t").SerializeToString()
    newer = testing_pb2.UnaryRequest.FromString(name + UNKNOWN)
    assert await run(validate(METHODS), new_call("Unary", newer))
