"""What the servicers ask of the call that is being served: who calls, what he may do and see."""

from __future__ import annotations

from portico_server.objects.errors import PermissionMissing
from portico_server.objects.versions import locking, marks
from portico_server.objects.versions.judging import ALL_RIGHTS, CREATE, UPDATE, Rights
from portico_server.platform import call
from portico_server.platform.caller import holds, principal, request_key, shown
from portico_server.platform.clock import Clock

__all__ = ["beside", "marks_of", "principal", "request_key", "require", "rights", "shown"]

LOCK = "objects.object.lock"
BYPASS_GOVERNANCE = "objects.object.bypass_governance"


def beside() -> list[bytes]:
    """Where large bytes of request messages come from now on, not in them: see `Call.beside`."""
    served = call.current.get()
    if served.beside is None:
        served.beside = []
    return served.beside


def rights() -> Rights:
    """Which of the two permissions that a put or a copy may need the caller holds."""
    held = call.current.get().held
    if CREATE in held and UPDATE in held:
        return ALL_RIGHTS
    return Rights(CREATE in held, UPDATE in held)


def require(permission: str, resource: str, why: str) -> None:
    """Raises PermissionMissing where the caller lacks what only this request asks for; `why` says what in it."""
    if not holds(permission, resource):
        message = f"{permission} is missing on {resource}: {why} asks for it"
        raise PermissionMissing(message, permission=permission, resource=resource)


def marks_of(request: marks.Marked, clock: Clock) -> bytes:
    """The marks that a request gives to a new version. Raises InvalidField, PermissionMissing."""
    if not (request.tags or request.legal_hold or request.HasField("retention")):  # most of them
        return marks.NONE
    if request.retention.mode or request.legal_hold:
        require(LOCK, request.name, "retention or legal_hold")
    locking.check_retention(request.retention, clock.now_us())
    return marks.of(request)
