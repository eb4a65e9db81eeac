"""The permissions that depend on what a request does to records, not on its method."""

from __future__ import annotations

from portico_server.dns.errors import PermissionMissing
from portico_server.platform import call

_CREATE, _UPDATE, _DELETE = "dns.record.create", "dns.record.update", "dns.record.delete"


def check_held(*, creates: bool, updates: bool, deletes: bool) -> None:
    """Raises PermissionMissing where the caller may not do one of these in the whole zone."""
    current = call.current.get()
    for needed, permission in ((creates, _CREATE), (updates, _UPDATE), (deletes, _DELETE)):
        if needed and permission not in current.held:
            raise PermissionMissing(
                f"this needs {permission} on {current.resource or 'the zone'}", permission=permission
            )
