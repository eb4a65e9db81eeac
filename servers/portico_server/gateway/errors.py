"""One mapping from any exception to what the caller is told, made of all products' error tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import grpc

from portico_server.platform.errors import ApiError, DomainError, ErrorTable, to_api_error

ErrorMapper = Callable[[BaseException], ApiError]


def error_mapper(tables: Iterable[ErrorTable]) -> ErrorMapper:
    """The mapping of all these tables. Raises ValueError where two map the same exception."""
    merged: dict[type[DomainError], tuple[grpc.StatusCode, str]] = {}
    for table in tables:
        if twice := merged.keys() & table.keys():
            raise ValueError(f"two error tables map {', '.join(kind.__qualname__ for kind in twice)}")
        merged.update(table)
    return lambda error: to_api_error(error, merged)


def is_unexpected(error: BaseException, told: ApiError) -> bool:
    """Whether nobody foresaw the exception that the caller is told of as `told`."""
    return told is not error and told.code is grpc.StatusCode.INTERNAL
