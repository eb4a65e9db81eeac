"""What HTTP clients are told of an object in header fields."""

from __future__ import annotations

from portico.objects.v1.objects_pb2 import Object, ObjectMetadata
from portico_server.objects.services import headers
from portico_server.platform import call
from portico_server.platform.methods import Method

DESCRIBED = Object(
    etag="0123",
    version_id="null",
    create_time={"seconds": 784111777},
    metadata=ObjectMetadata(
        content_encoding="br",
        content_disposition='inline; filename="ü"',
        cache_control="no-store\r\nx-evil: 1",
        custom={"b": "2", "a": "1"},
    ),
)


def described(request_headers: dict[bytes, bytes]) -> list[tuple[str, str]]:
    served = call.Call(Method("/s/m", False, True), None, request_headers, None, 0, 0)  # type: ignore[arg-type]
    call.current.set(served)
    headers.describe(DESCRIBED, 5)
    return served.response_headers


def test_a_rest_client_is_told_in_headers_and_nothing_is_sent_that_no_header_can_carry() -> None:
    assert described({b"x-envoy-original-path": b"/v1/x"}) == [
        ("content-length", "5"),
        ("accept-ranges", "none"),
        ("etag", '"0123"'),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("x-portico-version-id", "null"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox"),
        ("content-encoding", "br"),
        ("x-portico-meta-a", "1"),
        ("x-portico-meta-b", "2"),
    ]


def test_a_grpc_client_has_it_all_in_the_first_message() -> None:
    assert described({}) == []
