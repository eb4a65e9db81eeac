"""Which of the permissions that a policy, or a token's scope, names stand for a permission that is asked for."""

from __future__ import annotations

import re

_PERMISSION = re.compile(r"([a-z][a-z0-9]*)\.([a-z][a-z0-9_]*)\.[a-z][a-z0-9_]*")


def patterns_of(permission: str) -> frozenset[str]:
    """All that stands for `product.noun.verb`: itself, `product.noun.*`, `product.*` and `*`. Nothing stands for what
    is no permission: who asks for `dns.*` does not get it for holding part of that."""
    found = _PERMISSION.fullmatch(permission)
    if found is None:
        return frozenset()
    product, noun = found.groups()
    return frozenset((permission, f"{product}.{noun}.*", f"{product}.*", "*"))


def covers(pattern: str, other: str) -> bool:
    """Whether all that `other` means, now and later, is meant by `pattern`, too."""
    return pattern in ("*", other) or (pattern.endswith(".*") and other.startswith(pattern[:-1]))
