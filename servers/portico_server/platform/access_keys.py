"""Access keys as products see them: by which id a caller signs, who that is, and the secret to verify it by.

Known in memory in every process (`platform.access`), so that a signature is verified without a call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from portico_server.platform.authorization import Principal


@dataclass(frozen=True, slots=True, eq=False)
class AccessKey:
    """`account` is the id of the account that has it. `principal` is as whom it calls, who may be of another account,
    and may do with it what he may do; its `credential` is the key's, so that it falls with the key. `secret` opens what
    is kept sealed, each time: some 10 us. Never log what it answers."""

    id: str
    account: str
    principal: Principal
    secret: Callable[[], bytes]


class AccessKeys(Protocol):
    """All that there are, of all accounts."""

    def get(self, access_key_id: str) -> AccessKey | None:
        """The key of that id: the same object as long as nothing changes about it. None if there is none, or none any
        more: so it is from when its deletion was acknowledged, or its principal left the account. Raises ApiError
        (UNAVAILABLE) where that cannot be known just now."""
        ...


class _None:
    def get(self, access_key_id: str) -> AccessKey | None:
        return None


NO_ACCESS_KEYS: AccessKeys = _None()
"""For where there are no accounts."""
