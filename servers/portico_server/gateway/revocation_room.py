"""How many revocations an account may have in force, so that none takes from others the power to revoke.

As switches share their buffers among ports ("dynamic threshold"): each account may have a part of what is free, so
that one alone gets much, many get less each, and something is left for the next. Revocations of all tokens of a
principal may take twice that part: who may revoke no further token can still revoke all of somebody's.
"""

from __future__ import annotations

from collections.abc import Mapping

from portico_server.platform.names import OPERATORS_ACCOUNT
from portico_server.platform.revocations import ANY_ACCOUNT, Kind

MAX_REVOCATIONS = 20_000
"""In force at once for all accounts; each takes some 900 bytes of every process. The operator's list may hold as many
besides."""

RESERVED = 1_000
"""For the operator's account, whatever others have; twice as many where all tokens of principals are revoked."""

_PART = 8
"""Of what is free an account may have one part in so many."""


def may_have(kind: Kind, account: str, in_force: Mapping[str, int]) -> int:
    """How many revocations the account may have, so that one of the kind may still be added below that. `in_force`:
    how many there are of each account."""
    own = in_force.get(account, 0)
    if account == ANY_ACCOUNT:
        return MAX_REVOCATIONS
    taken = sum(in_force.values()) - in_force.get(ANY_ACCOUNT, 0)
    twice = 2 if kind is Kind.PRINCIPAL else 1
    if account == OPERATORS_ACCOUNT:
        return max(MAX_REVOCATIONS - (taken - own) - RESERVED * (2 - twice), RESERVED * twice)
    return max(0, MAX_REVOCATIONS - taken) * twice // _PART
