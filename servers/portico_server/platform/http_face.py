"""What is answered over plain HTTP, beside gRPC methods: protocols of the field that have forms, paths and errors of
their own (OAuth 2.0).

An endpoint's requests are calls like others: they pass the pipeline, so that each has a ray, is limited and leaves an
event. Who calls, and by which certificate, is in the call (`platform.call.current`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from portico_server.platform.errors import ApiError
from portico_server.platform.methods import Method


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request, whole. `path` is decoded, `query` is not; header names are in lower case, the last of a name wins."""

    verb: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response, whole. `headers` are its own: the call's (its ray id among them) are added to them."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Endpoint(Protocol):
    """Answers the requests of one path."""

    @property
    def method(self) -> Method:
        """What the pipeline knows it as (`endpoint_method`)."""
        ...

    @property
    def verbs(self) -> Sequence[str]:
        """The HTTP methods that it takes; others are answered 405. With GET it takes HEAD, too."""
        ...

    @property
    def max_body_bytes(self) -> int:
        """The longest body that is read; 0: none is. A longer one is refused (`BODY_TOO_LARGE`)."""
        ...

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """Raises what the platform's errors may be."""
        ...

    def refusal(self, error: ApiError) -> HttpResponse:
        """Tells of an error as the endpoint's protocol does: of its own, and of what the pipeline refuses."""
        ...


FindEndpoint = Callable[[str], Endpoint | None]
"""The endpoint of a (decoded) path; None where there is none."""


def no_endpoint(path: str) -> Endpoint | None:
    """Where there are none."""
    return None


def endpoint_method(path: str, *, read_only: bool = False) -> Method:
    """An endpoint as the pipeline knows it. It asks for no token and no permission by itself: what its protocol wants
    of a caller, the endpoint asks for."""
    return Method(path, False, False, public=True, read_only=read_only, validated=False)
