"""Objects whose bytes are not there any more, or not all: told to callers as lost, and to the operator once."""

from __future__ import annotations

from functools import lru_cache

import structlog

from portico_server.objects.content.checked import DigestDiffers
from portico_server.objects.errors import ObjectDamaged
from portico_server.objects.names import ObjectName

LOST = (EOFError, FileNotFoundError, DigestDiffers)
"""What reading raises of bytes that are not there any more, or not as they were."""
_OBJECTS_REMEMBERED = 1000

_log = structlog.get_logger(__name__)


def damaged(name: ObjectName, version_id: str, what: str) -> ObjectDamaged:
    """The error for it, to be raised; `what` says what is wrong with the bytes. `version_id` empty: the current one."""
    log(name, version_id, what)
    return ObjectDamaged(
        f"the platform has lost bytes of {name}: {what}; to ask again will not help; put it again, or restore a backup",
        resource=str(name),
        version_id=version_id,
    )


def damaged_by(error: BaseException, name: ObjectName, version_id: str) -> ObjectDamaged:
    """The same for one of LOST that came while the bytes were read."""
    if isinstance(error, FileNotFoundError):
        return damaged(name, version_id, "their file, or that of a part, is missing")
    if isinstance(error, DigestDiffers):
        return damaged(name, version_id, "they are not those that were stored, as their CRC-64/NVME tells")
    return damaged(name, version_id, "their file was cut short")


def log(name: ObjectName, version_id: str, what: str) -> None:
    """Tells the operator, once of each of the last thousand."""
    _log_once(str(name), version_id, what)


@lru_cache(_OBJECTS_REMEMBERED)
def _log_once(resource: str, version_id: str, what: str) -> None:
    """Clients ask for a lost object again and again."""
    _log.error("object damaged", resource=resource, version_id=version_id, what=what)
