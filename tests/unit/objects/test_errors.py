"""Every error of the product is known to callers by a code and a reason."""

from __future__ import annotations

import re

import grpc
import pytest

from portico_server.objects import errors
from portico_server.platform.database import Contended, OutcomeUnknown, StorageFull
from portico_server.platform.errors import DomainError, to_api_error

OWN = [
    error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, DomainError) and error is not DomainError
]


@pytest.mark.parametrize("error", OWN)
def test_an_error_has_a_code_and_a_reason(error: type[DomainError]) -> None:
    told = to_api_error(error("what is wrong", resource="name"), errors.ERRORS)
    assert told.code is not grpc.StatusCode.INTERNAL
    assert re.fullmatch("[A-Z][A-Z_]{2,62}", told.reason)
    assert told.metadata == {"resource": "name"}


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (StorageFull("disk of /somewhere"), grpc.StatusCode.RESOURCE_EXHAUSTED, "STORAGE_FULL"),
        (Contended("table x"), grpc.StatusCode.ABORTED, "CONTENDED"),
        (OutcomeUnknown("host y"), grpc.StatusCode.UNKNOWN, "OUTCOME_UNKNOWN"),
    ],
)
def test_what_a_database_raises_is_told_without_its_inside(
    error: Exception, code: grpc.StatusCode, reason: str
) -> None:
    told = to_api_error(error, errors.ERRORS)
    assert (told.code, told.reason) == (code, reason)
    assert str(error) not in told.message
