"""The policy revision that a caller has seen, which it sends on in a header: no call of his may be decided by older
policies. Else somebody from whom access was just taken could still get at what was written after that (the "new enemy"
of Zanzibar, section 2.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

HEADER = "x-policy-revision"
"""Of answers to changes of policies, and of requests."""

KEY = HEADER.encode()
"""As requests' headers have it."""
_LARGEST = 2**63 - 1

CatchUp = Callable[[int], Awaitable[int]]
"""Asks the store of policies and hands on what is new; answers the revision up to which all is handed on, which is the
store's if it was behind the one asked for. Raises DatabaseError, OSError."""


def sent(headers: Mapping[bytes, bytes]) -> int:
    """The revision in a request's header. Raises ValueError for what is none: a number of 1 to 19 digits."""
    text = headers[KEY]
    if not text.isdigit() or len(text) > 19 or int(text) > _LARGEST:
        raise ValueError
    return int(text)
