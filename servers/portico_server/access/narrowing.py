"""Whether a policy only gives less than before: who may take it away may do that, too."""

from __future__ import annotations

from dataclasses import fields

from portico_server.platform.access.model import Conditions, Policy

_UNCONDITIONAL = Conditions()


def only_narrows(before: Policy | None, after: Policy) -> bool:
    """Of two that allow, while what they name is as it was: whether the latter names no more, and keeps every condition
    of the former as it is."""
    return (
        before is not None
        and set(after.permission_groups) <= set(before.permission_groups)
        and set(after.resource_groups) <= set(before.resource_groups)
        and set(after.principals) <= set(before.principals)
        and all(
            getattr(before.conditions, field.name)
            in (getattr(_UNCONDITIONAL, field.name), getattr(after.conditions, field.name))
            for field in fields(Conditions)
        )
    )
