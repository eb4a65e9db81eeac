"""Whether a write may happen, seen from what is there: conditions, and the permission that the case needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portico_server.objects.errors import PermissionMissing
from portico_server.objects.names import ObjectName
from portico_server.objects.records import Version
from portico_server.objects.versions import conditions
from portico_server.objects.versions.conditions import Conditions

CREATE = "objects.object.create"
UPDATE = "objects.object.update"

Judge = Callable[[Version | None], None]
"""Raises if the write must not happen with this as the current object (None: with nothing there)."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a writer may do: make an object where none is, replace the one that is."""

    create: bool = True
    update: bool = True


ALL_RIGHTS = Rights()


def judge_of(name: ObjectName, condition: Conditions, rights: Rights = ALL_RIGHTS) -> Judge | None:
    """None where every case is fine, so that nobody need look.

    The judge raises PermissionMissing, and what `conditions.check_write` raises.
    """
    if condition is conditions.NONE and rights == ALL_RIGHTS:
        return None

    def judge(current: Version | None) -> None:
        _check_rights(rights, current, name)
        conditions.check_write(condition, current, str(name))

    return judge


def _check_rights(rights: Rights, current: Version | None, name: ObjectName) -> None:
    if current is None and not rights.create:
        raise _missing(CREATE, "there is no object, and you may only replace one", name)
    if current is not None and not rights.update:
        raise _missing(UPDATE, "there is an object already, and you may only make new ones", name)


def _missing(permission: str, why: str, name: ObjectName) -> PermissionMissing:
    return PermissionMissing(f"{permission} is missing on {name}: {why}", permission=permission, resource=str(name))
