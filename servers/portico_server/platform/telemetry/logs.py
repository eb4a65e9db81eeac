"""Logs: one JSON object a line, the current call's ray id in it, secrets left out.

Nothing is logged for an ordinary call (its request event tells it); a line costs about 11 us.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from portico_server.platform.call import current

REDACTED = "[redacted]"

_SECRET_KEY = re.compile(
    r"authorization|token|secret|password|passphrase|cookie|credential|private|(?:^|[_-])key$", re.I
)
_SECRET_TEXT = re.compile(
    r"(?:bearer|basic)\s+[\w.~+/=-]{8,}"  # an Authorization header
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"  # user and password of a URL
    r"|eyJ[\w-]{5,}\.[\w-]+\.[\w-]*"  # a JWT
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.I | re.S,
)

_Event = MutableMapping[str, Any]


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Sets logging up for this process: structlog's and the standard library's, to `stream` (standard error)."""
    output = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_ray_id,
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def add_ray_id(logger: object, method: str, event: _Event) -> _Event:
    """Names the call that is being served."""
    call = current.get(None)
    if call is not None and call.ray_id:
        event.setdefault("ray_id", call.ray_id)
    return event


def redact(logger: object, method: str, event: _Event) -> _Event:
    """Leaves out what must not be read in a log: values under telling keys, and texts that look like credentials."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: Any) -> Any:
    if _SECRET_KEY.search(key):
        return REDACTED
    if isinstance(value, str):
        return _SECRET_TEXT.sub(REDACTED, value)
    if isinstance(value, dict):
        return {str(inner): _redacted(str(inner), item) for inner, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted("", item) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)} bytes"
    return value
