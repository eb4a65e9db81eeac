"""Names and what stands below them.

An *entry* covers itself and what begins with it and a `/`; one that ends in `/` (part of an object's key) covers what
begins with it. As *keys* of a set an entry stands as itself and with a `/` behind it: then whether any entry covers a
name is told by looking up the name and each of its beginnings that end in `/`. See `authorization.below`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from portico_server.platform.authorization import below


def keys_of(entry: str) -> tuple[str, ...]:
    return (entry,) if entry.endswith("/") else (entry, entry + "/")


def keys_of_all(entries: Iterable[str]) -> frozenset[str]:
    return frozenset(key for entry in entries for key in keys_of(entry))


def is_covered(name: str, keys: Container[str]) -> bool:
    """Whether the name is at or below one of the entries that the keys are of."""
    if name in keys:
        return True
    slash = name.rfind("/")
    while slash >= 0:
        if name[: slash + 1] in keys:
            return True
        slash = name.rfind("/", 0, slash)
    return False


def deeper(one: str, other: str) -> str | None:
    """The entry that covers what both cover; None if nothing."""
    if below(one, other):
        return one
    return other if below(other, one) else None
