"""Faces: protocols of the field that are not gRPC (S3), spoken at a door of their own by the product that has them.

A face turns an HTTP request into calls of its product's contract: it builds the contract's messages, and each call
passes the whole pipeline (ray, event, limits, identity, authorization, validation), as one that came by gRPC. There is
no second way to the product. Messages are handed over as objects, in the request's own task; neither side changes one
that it has handed over.

A product has a door by its contract (`option (portico.options.v1.face) = "s3"` on a service), so that the platform
opens it wherever the product runs, and answers there by `Running.faces`.

Between host and face this holds:

- The host calls `Face.answer` once a request, as soon as its head is there; the body comes while it is read. What
  nobody has read by the time of the answer is thrown away, within bounds.
- Who calls is for the face to find out: it sets `FaceRequest.credential` before its first call, and the identity step
  asks it, once a call.
- An ApiError, raised by `answer` or by the response's body before its first part, becomes `Face.refusal`. After the
  first part the client's stream is reset: half an answer must not be taken for a whole one. Of any other exception the
  same holds; it is told as INTERNAL.
- A request that has come to its end without a call is carried through the pipeline all the same, as a public method of
  the face's own (`face_method`): it has a ray, counts against limits and leaves an event. So a refusal may be another
  error than the face raised (RESOURCE_EXHAUSTED).
- When the client goes away, the task that runs `answer` and reads the response is cancelled, or `body` raises
  ApiError (CANCELLED); so it is when the platform stops or the caller is revoked, told by ApiError (UNAVAILABLE,
  UNAUTHENTICATED). Streams of responses that were not read to their end are closed, and their calls end as cancelled.
- Of a response to HEAD the body is not read; the face says its `content-length` itself.
- Headers of the calls (`x-ray-id` of the first, `retry-after`) are added to the response; the face's own of that name
  win.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call, Credential
from portico_server.platform.errors import ApiError
from portico_server.platform.methods import Method
from portico_server.platform.peer import Peer


def nobody(call: Call) -> Principal | None:
    """The credential of who shows none."""
    return None


@dataclass(slots=True, eq=False)
class FaceRequest:
    """A request as it came; made by the host.

    `raw_path` is as it was sent, not decoded, without the query; `query` is as it was sent, without its `?`. `headers`
    are all of them, in order, with lower-case names; `host` is among them, also over HTTP/2. `peer`: no more than its
    address is known yet. `arrival_time_ns` since 1970. `body` gives the parts of the body as they come, of up to some
    MiB; it may be called once, and its parts raise ApiError (CANCELLED) when the client leaves, or (DEADLINE_EXCEEDED)
    when it stalls. `credential` is the face's to set.
    """

    verb: str
    raw_path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    peer: Peer
    arrival_time_ns: int
    body: Callable[[], AsyncIterator[bytes]]
    credential: Credential = nobody


@dataclass(slots=True, eq=False)
class FaceResponse:
    """A response. Names and values of headers are sent as UTF-8; control characters in them are refused (ValueError).

    Of a `body` that is whole the host adds the `content-length`; with an iterator the face says it where it knows it.
    The iterator's parts are sent as they are, large ones (256 KiB) cost the least; one is asked for when there is room
    for it.
    """

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | AsyncIterator[bytes] = b""


class FaceCalls(Protocol):
    """How a face calls the contract, for one request. A method is named by its path,
    `/portico.objects.v1.ObjectService/HeadObject`, and must be served in this process."""

    @property
    def ray_id(self) -> str:
        """Of the request: the first call's; empty before there is one."""
        ...

    async def call(
        self, method: str, request: Any, beside: list[bytes] | None = None, rows: list[Any] | None = None
    ) -> Any:
        """A method with one response, which is answered. `request` is its message; of a method that takes a stream, an
        asynchronous iterator of messages, pulled as the servicer reads. `beside`: brings large bytes of each message
        but the first, in its place, to a servicer that knows of it (`Call.beside`); messages that have nothing else may
        be one and the same, which is checked once. `rows`: takes those of a list, in place of its message, from a
        servicer that knows of it (`Call.rows`). Raises ApiError."""
        ...

    def stream(self, method: str, request: Any, beside: list[bytes] | None = None) -> AsyncIterator[Any]:
        """A method with a stream of responses: one is made when one is asked for. Raises ApiError with the first that
        is asked for, or with a later one. `beside`: takes large bytes of each, in place of its message, from a servicer
        that knows of it (`Call.beside`); to be emptied before the next is asked for."""
        ...


class Face(Protocol):
    """What answers at a door."""

    @property
    def door(self) -> str:
        """The door's name: `s3`."""
        ...

    async def answer(self, request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        """Raises ApiError, which `refusal` tells of."""
        ...

    def refusal(self, request: FaceRequest, error: ApiError, ray_id: str) -> FaceResponse:
        """Tells of an error as the face's protocol does: of its own, and of the pipeline's. Its body is whole."""
        ...


def face_method(door: str) -> Method:
    """As what requests that make no call of the contract pass the pipeline."""
    return Method(f"/{door}", False, False, public=True, validated=False)


__all__ = ["Call", "Credential", "Face", "FaceCalls", "FaceRequest", "FaceResponse", "face_method", "nobody"]
