"""Conditions on the state of an object, in the order of RFC 9110, 13.2.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from portico_server.objects.errors import EtagMismatch, Modified, NotModified, ObjectExists
from portico_server.platform.errors import DomainError

_ANY = "*"


@dataclass(frozen=True, slots=True)
class Conditions:
    """All that are given must hold. Times are whole seconds since 1970."""

    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()
    if_modified_since: int | None = None
    if_unmodified_since: int | None = None


NONE = Conditions()
"""To be compared by `is`: most calls have none, and then nothing need be read."""


class State(Protocol):
    """What there is of an object: its ETag, and when it was put, in microseconds since 1970."""

    @property
    def etag(self) -> str: ...

    @property
    def created_at_us(self) -> int: ...


def check_read(conditions: Conditions, state: State, resource: object) -> None:
    """For reading what is there. Raises NotModified, EtagMismatch, Modified."""
    if conditions is NONE:
        return
    unchanged = _not_modified("the object is unchanged", state, resource, "if_none_match")
    _check_present(conditions, state, resource, unchanged)


def check_write(conditions: Conditions, state: State | None, resource: object) -> None:
    """For replacing or deleting what is there (None: nothing is).

    Without an object `if_match` fails and everything else holds: there is no ETag to match and no time to compare.
    Raises EtagMismatch, Modified, NotModified, ObjectExists.
    """
    if conditions is NONE:
        return
    if state is not None:
        exists: DomainError = (
            ObjectExists("the object exists already", resource=str(resource), condition="if_none_match")
            if _ANY in conditions.if_none_match
            else EtagMismatch(
                "the object's ETag is one that if_none_match names", resource=str(resource), condition="if_none_match"
            )
        )
        _check_present(conditions, state, resource, exists)
    elif conditions.if_match:
        message = "there is no object that if_match could match"
        raise EtagMismatch(message, resource=str(resource), missing="true", condition="if_match")


def _check_present(conditions: Conditions, state: State, resource: object, none_match_failure: DomainError) -> None:
    changed_at = state.created_at_us // 1_000_000
    if conditions.if_match:
        if not _names(conditions.if_match, state.etag):
            message = "the object's ETag is none that if_match names; read it again"
            raise EtagMismatch(message, resource=str(resource), condition="if_match")
    elif conditions.if_unmodified_since is not None and changed_at > conditions.if_unmodified_since:
        message = "the object changed after if_unmodified_since; read it again"
        raise Modified(message, resource=str(resource), condition="if_unmodified_since")
    if conditions.if_none_match:
        if _names(conditions.if_none_match, state.etag):
            raise none_match_failure
    elif conditions.if_modified_since is not None and changed_at <= conditions.if_modified_since:
        message = "the object did not change after if_modified_since"
        raise _not_modified(message, state, resource, "if_modified_since")


def _not_modified(message: str, state: State, resource: object, condition: str) -> NotModified:
    """With what HTTP's 304 says of the object (RFC 9110, 15.4.5)."""
    changed_at = str(state.created_at_us // 1_000_000)
    return NotModified(
        message, resource=str(resource), condition=condition, etag=state.etag, modified_seconds=changed_at
    )


def _names(etags: tuple[str, ...], etag: str) -> bool:
    return any(given == _ANY or _bare(given) == etag for given in etags)


def _bare(etag: str) -> str:
    """Clients send an ETag with quotes, as HTTP writes it, and some with the mark of a weak one."""
    etag = etag.strip().removeprefix("W/")
    return etag[1:-1] if len(etag) > 1 and etag[0] == etag[-1] == '"' else etag
