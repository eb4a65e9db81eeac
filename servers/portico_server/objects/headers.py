"""What HTTP clients are told of an object beside its bytes: header fields of a REST response."""

from __future__ import annotations

import time

from portico.objects.v1 import objects_pb2
from portico_server.platform import call

_TRANSCODED = b"x-envoy-original-path"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIELDS = (
    ("content-encoding", "content_encoding"),
    ("content-disposition", "content_disposition"),
    ("content-language", "content_language"),
    ("cache-control", "cache_control"),
    ("expires", "expires"),
)


def describe(described: objects_pb2.Object, length_bytes: int) -> None:
    """Adds them to the current call's response, if it came by REST; a gRPC client has them all in the first message.

    `length_bytes` is how many bytes will come: with it clients show progress, and know a body that was cut short.
    A value that is not printable ASCII is left out: no header can carry it (RFC 9110, 5.5).
    """
    served = call.current.get()
    if _TRANSCODED not in served.headers:
        return
    found = [
        ("content-length", str(length_bytes)),
        ("etag", f'"{described.etag}"'),
        ("last-modified", http_date(described.create_time.seconds)),
        ("x-portico-version-id", described.version_id),
    ]
    found += [(name, getattr(described.metadata, field)) for name, field in _FIELDS]
    found += [(f"x-portico-meta-{name}", value) for name, value in sorted(described.metadata.custom.items())]
    served.response_headers += [(name, value) for name, value in found if value and _can_be_sent(value)]


def http_date(seconds: int) -> str:
    """RFC 9110, 5.6.7, whatever the process's locale is."""
    t = time.gmtime(seconds)
    day, month = _DAYS[t.tm_wday], _MONTHS[t.tm_mon - 1]
    return f"{day}, {t.tm_mday:02} {month} {t.tm_year} {t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} GMT"


def _can_be_sent(value: str) -> bool:
    return value.isascii() and value.isprintable()
