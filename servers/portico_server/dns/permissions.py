"""The permissions that depend on what a request does to records, not on its method."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portico_server.dns.errors import PermissionMissing
from portico_server.dns.judging import Change
from portico_server.dns.model import Record
from portico_server.platform import call, caller

_CREATE, _READ, _UPDATE, _DELETE = (f"dns.record.{verb}" for verb in ("create", "read", "update", "delete"))
_AT_ONCE = 200
"""Records looked at before other calls get their turn."""


async def check_changes(zone: str, changes: Sequence[Change]) -> None:
    """Raises PermissionMissing where the caller may not do what is done, in the zone or to one of its records."""
    updated = [change.before for change in changes if change.before and change.after]
    deleted = [change.before for change in changes if change.before and not change.after]
    created = any(change.before is None for change in changes)
    check_held(creates=created, updates=bool(updated), deletes=bool(deleted))
    await _check_records(zone, _UPDATE, updated)
    await _check_records(zone, _DELETE, deleted)


async def check_reads(zone: str, records: Sequence[Record]) -> None:
    """Raises PermissionMissing where the caller may not read one of the records."""
    await _check_records(zone, _READ, records)


def check_held(*, creates: bool, updates: bool, deletes: bool) -> None:
    """Raises PermissionMissing where the caller may not do one of these in the zone."""
    held = call.current.get().held
    for needed, permission in ((creates, _CREATE), (updates, _UPDATE), (deletes, _DELETE)):
        if needed and permission not in held:
            raise _missing(permission, call.current.get().resource or "the zone")


async def _check_records(zone: str, permission: str, records: Sequence[Record]) -> None:
    """What a policy denies, or leaves out, on a single record counts here, too."""
    allowed = caller.held_below(permission, zone) if records else None
    if allowed is None or (allowed.everything and not allowed.deny):
        return
    for number, record in enumerate(records, 1):
        if not allowed.shows(record.name):
            raise _missing(permission, record.name)
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)


def _missing(permission: str, resource: str) -> PermissionMissing:
    return PermissionMissing(f"this needs {permission} on {resource}", permission=permission)
