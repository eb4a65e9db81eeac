"""What HTTP clients are told of an object beside its bytes: header fields of a REST response."""

from __future__ import annotations

from portico.objects.v1 import objects_pb2
from portico_server.objects.services.http_dates import http_date
from portico_server.platform import call

TRANSCODED = b"x-envoy-original-path"
"""A header that REST calls have, and no others: the gateway removes a client's own."""
DESCRIBING = (
    ("content-encoding", "content_encoding"),
    ("content-disposition", "content_disposition"),
    ("content-language", "content_language"),
    ("cache-control", "cache_control"),
    ("expires", "expires"),
)
"""Header fields that describe the bytes, and the fields of ObjectMetadata that keep them."""


def describe(described: objects_pb2.Object, length_bytes: int) -> None:
    """Adds them to the current call's response, if it came by REST; a gRPC client has them all in the first message.

    `length_bytes` is how many bytes will come: with it clients show progress, and know a body that was cut short.
    A value that is not printable ASCII is left out: no header can carry it (RFC 9110, 5.5).
    """
    served = call.current.get()
    if TRANSCODED not in served.headers:
        return
    found = [
        ("content-length", str(length_bytes)),
        ("accept-ranges", "none"),  # a part is asked for with offset_bytes and limit_bytes
        ("etag", f'"{described.etag}"'),
        ("last-modified", http_date(described.create_time.seconds)),
        ("x-portico-version-id", described.version_id),
        ("x-content-type-options", "nosniff"),  # what somebody stored is never guessed to be a page
        (
            "content-security-policy",
            "sandbox",
        ),  # and a page that somebody stored gets no scripts, and an origin of its own
    ]
    found += [(name, getattr(described.metadata, field)) for name, field in DESCRIBING]
    found += [(f"x-portico-meta-{name}", value) for name, value in sorted(described.metadata.custom.items())]
    served.response_headers += [(name, value) for name, value in found if value and _can_be_sent(value)]


def _can_be_sent(value: str) -> bool:
    return value.isascii() and value.isprintable()
