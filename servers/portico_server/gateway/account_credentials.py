"""Credentials of accounts at the gateway: API tokens, which are sent as they are, what was issued for API tokens and
for secrets of service accounts, and access keys, by which calls were signed.

Whether one is good is asked of the policies in memory at each call (`platform.access.sharing`): so none is once its end
was acknowledged, in whatever process. What it may do is decided where policies are.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Protocol

from portico_server.gateway.account_policies import policies_stale, policies_unreadable
from portico_server.gateway.remembered import Remembered
from portico_server.gateway.tokens import bearer_token, expired, unauthenticated
from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.conditions import Condition, compiled
from portico_server.platform.access.credentials import API_TOKEN_SECRET_PREFIX, api_token_id
from portico_server.platform.access.model import ApiToken, Conditions
from portico_server.platform.access.sharing import SharedPolicies
from portico_server.platform.authorization import Principal
from portico_server.platform.names import account_of

REMEMBERED = 4096
HOUR_SECONDS = 3600

_SECRET = API_TOKEN_SECRET_PREFIX.encode()
_BEARER = len(b"bearer ")

NoteUse = Callable[[str, int], None]
"""Is told the name of an API token or access key and the hour in which it was used, in seconds since 1970."""


class Credentials(Protocol):
    """What the identity step asks of credentials of accounts."""

    def by_secret(self, authorization: bytes, address: str | None) -> Principal | None:
        """Whom an API token names that stands in this header; None where none does. `address`: from where it is
        shown; None: who shows it does not bear it, so that does not count. Raises ApiError."""
        ...

    def note_use(self, principal: Principal) -> None:
        """To be told when a call of one was let in."""
        ...


class _None:
    def by_secret(self, authorization: bytes, address: str | None) -> Principal | None:
        return None

    def note_use(self, principal: Principal) -> None:
        pass


NO_CREDENTIALS: Credentials = _None()
"""For where there are no accounts."""


class AccountCredentials:
    """Those that the policies of accounts know."""

    def __init__(self, shared: SharedPolicies, note_use: NoteUse) -> None:
        self._shared = shared
        self._note_use = note_use
        self._ids: Remembered[bytes, str] = Remembered(REMEMBERED)
        self._principals: Remembered[str, tuple[ApiToken, Principal]] = Remembered(REMEMBERED)
        self._used: Remembered[str, int] = Remembered(REMEMBERED)

    def by_secret(self, authorization: bytes, address: str | None) -> Principal | None:
        """Takes a microsecond or two for a token that was seen before."""
        token_id = self._ids.get(authorization)
        if token_id is None:
            if not authorization[_BEARER:].lstrip().startswith(_SECRET):
                return None
            token_id = api_token_id(bearer_token(authorization))
        snapshot = self._shared.current()
        if snapshot is None:
            raise policies_stale()
        credential = snapshot.credential(token_id)
        if credential is None:
            check_all_are_readable(self._shared)
            raise unauthenticated(
                "TOKEN_UNKNOWN",
                "there is no such API token, or no longer: it was deleted, its secret was made anew, or who issued it "
                "has left; ask for another one",
            )
        token = credential.token
        self._ids.put(authorization, token_id)
        if token.not_before and token.not_before > time.time():
            raise unauthenticated("TOKEN_NOT_YET_VALID", f"the API token {token.name} is not valid yet")
        if (
            address is not None
            and token.source_cidrs
            and _networks(token.source_cidrs).holds(Circumstances(address=address)) is not True
        ):
            raise unauthenticated(
                "TOKEN_ADDRESS_REFUSED",
                f"the API token {token.name} is good from certain networks, not from {address or 'an unknown address'}",
            )
        return self._principal(token)

    def check(self, principal: Principal) -> None:
        """Whether the credential that a principal came by is still good, and of an account that the principal belongs
        to. Raises ApiError."""
        snapshot = self._shared.current()
        if snapshot is None or not snapshot.gives(principal.credential, principal.name):
            check_all_are_readable(self._shared)
            raise unauthenticated("TOKEN_REVOKED", "the credential of this call is good no more; ask for another one")
        if 0 < principal.expires_at <= time.time():
            raise expired()
        if not self._shared.is_fresh():
            raise policies_stale()

    def note_use(self, principal: Principal) -> None:
        if not principal.credential or principal.token_id != principal.credential:  # by something issued for one
            return
        hour = int(time.time()) // HOUR_SECONDS * HOUR_SECONDS
        if self._used.get(principal.credential) != hour:
            self._used.put(principal.credential, hour)
            self._note_use(principal.client_id, hour)

    def _principal(self, token: ApiToken) -> Principal:
        known = self._principals.get(token.token_id)
        if known is not None and known[0] is token:
            return known[1]
        principal = Principal(
            token.principal,
            account_of(token.principal),
            token_id=token.token_id,
            client_id=token.name,
            expires_at=token.expires_at,
            issued_at=token.issued_at,
            credential=token.token_id,
        )
        self._principals.put(token.token_id, (token, principal))
        return principal


def check_all_are_readable(shared: SharedPolicies) -> None:
    """Raises ApiError where a credential that nobody knows may be of an account whose policies cannot be read. Of which
    account it would be is not told: whoever asks has not been let in."""
    if shared.unreadable:
        raise policies_unreadable("whether this credential is good cannot be told: the policies of some account")


@functools.lru_cache(REMEMBERED)
def _networks(source_cidrs: tuple[str, ...]) -> Condition:
    found = compiled(Conditions(source_cidrs=source_cidrs))
    assert found is not None
    return found
