"""Access keys of all accounts by their ids: a signature names the id alone. A value; a change makes another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portico_server.platform.access.model import AccessKey, AccountPolicies

KeyIndex = Mapping[str, tuple[str, ...]]
"""The names of the keys that have an id. There should be one; where there are more, none counts."""


def with_changes(index: KeyIndex, gone: Iterable[str], come: Iterable[str]) -> KeyIndex:
    """With other keys, by their names; the same object where nothing changes."""
    gone, come = list(gone), list(come)
    if not gone and not come:
        return index
    found = dict(index)
    for name in gone:
        left = tuple(other for other in found.get(_id(name), ()) if other != name)
        if left:
            found[_id(name)] = left
        else:
            found.pop(_id(name), None)
    for name in come:
        found[_id(name)] = (*found.get(_id(name), ()), name)
    return found


def with_account(index: KeyIndex, old: AccountPolicies | None, new: AccountPolicies | None) -> KeyIndex:
    """With the keys that an account has now in the place of those that it had."""
    before: Mapping[str, AccessKey] = old.access_keys if old is not None else {}
    after: Mapping[str, AccessKey] = new.access_keys if new is not None else {}
    if before is after:
        return index
    return with_changes(index, before.keys() - after.keys(), after.keys() - before.keys())


def _id(name: str) -> str:
    return name.rpartition("/")[2]
