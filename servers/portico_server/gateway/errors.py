"""One mapping from any exception to what the caller is told, made of all products' error tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import grpc

from portico_server.platform.database import Contended, OutcomeUnknown, StorageFull, Unreachable
from portico_server.platform.errors import ApiError, DomainError, ErrorTable, to_api_error

ErrorMapper = Callable[[BaseException], ApiError]

_PLATFORM: dict[type[Exception], Callable[[], ApiError]] = {
    Contended: lambda: ApiError(
        grpc.StatusCode.ABORTED,
        "CONTENDED",
        "others changed the same things at the same time and nothing was written; try again",
        retry_after_seconds=0.1,
    ),
    OutcomeUnknown: lambda: ApiError(
        grpc.StatusCode.UNKNOWN,
        "OUTCOME_UNKNOWN",
        "the database was lost before it confirmed the change; read to see whether it was made, "
        "or repeat the call with the same request_id",
    ),
    Unreachable: lambda: ApiError(
        grpc.StatusCode.UNAVAILABLE,
        "DATABASE_UNREACHABLE",
        "the platform's database cannot be reached and nothing was written; try again",
        retry_after_seconds=1,
    ),
    StorageFull: lambda: ApiError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "STORAGE_FULL",
        "the platform's disk is full and nothing was written; make room and try again",
    ),
}
"""What the platform itself raises and no product needs to map."""


def error_mapper(tables: Iterable[ErrorTable]) -> ErrorMapper:
    """The mapping of all these tables. Raises ValueError where two map the same exception."""
    merged: dict[type[DomainError], tuple[grpc.StatusCode, str]] = {}
    for table in tables:
        if twice := merged.keys() & table.keys():
            raise ValueError(f"two error tables map {', '.join(kind.__qualname__ for kind in twice)}")
        merged.update(table)

    def map_error(error: BaseException) -> ApiError:
        for kind, make in _PLATFORM.items():
            if isinstance(error, kind):
                return make()
        return to_api_error(error, merged)

    return map_error


def is_unexpected(error: BaseException, told: ApiError) -> bool:
    """Whether nobody foresaw the exception that the caller is told of as `told`."""
    return told is not error and told.code is grpc.StatusCode.INTERNAL
