"""What the identity step asks about revocation, at each call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import grpc
import structlog

from portico_server.gateway.revocation_log import RevocationLog
from portico_server.gateway.tokens import unauthenticated
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Peer
from portico_server.platform.errors import ApiError

_log = structlog.get_logger(__name__)


class Revoked(Protocol):
    """Refuses what has been revoked."""

    def refresh(self) -> None:
        """To be called once a call, before the others: takes in what was revoked since. Raises ApiError."""
        ...

    def check_certificate(self, peer: Peer) -> None:
        """Raises ApiError (UNAUTHENTICATED, CERTIFICATE_REVOKED)."""
        ...

    def check_token(self, principal: Principal) -> None:
        """Raises ApiError (UNAUTHENTICATED, TOKEN_REVOKED)."""
        ...


_NOBODY: frozenset[str] = frozenset()


class _Nothing:
    def refresh(self) -> None:
        pass

    def check_certificate(self, peer: Peer) -> None:
        pass

    def check_token(self, principal: Principal) -> None:
        pass


NOTHING_REVOKED: Revoked = _Nothing()
"""For where there is no log."""


class LoggedRevocations:
    """What a revocation log holds. A revocation bears on what belongs to its own account: `certificate_account` answers
    that of a certificate's URI."""

    def __init__(self, log: RevocationLog, certificate_account: Callable[[str], str]) -> None:
        self._log = log
        self._certificate_account = certificate_account

    def refresh(self) -> None:
        try:
            self._log.refresh()
        except OSError as error:
            _log.error("revocations_not_read", error=str(error))
            raise ApiError(
                grpc.StatusCode.UNAVAILABLE,
                "REVOCATIONS_UNREADABLE",
                "what has been revoked cannot be read now, so no call is let in; try again",
                retry_after_seconds=1.0,
            ) from error

    def check_certificate(self, peer: Peer) -> None:
        log = self._log
        if not (log.fingerprints or log.serials):
            return
        # Both are asked: another account's revocation of the one must not hide this account's of the other.
        revoked_by = log.fingerprints.get(peer.fingerprint, _NOBODY) | log.serials.get(peer.serial, _NOBODY)
        if revoked_by and f"accounts/{self._certificate_account(peer.uri)}" in revoked_by:
            raise unauthenticated(
                "CERTIFICATE_REVOKED", "the client certificate has been revoked; ask for another one of this platform"
            )

    def check_token(self, principal: Principal) -> None:
        log = self._log
        if not (log.tokens or log.principals):
            return
        accounts = log.tokens.get(principal.token_id)
        if (accounts and f"accounts/{principal.account}" in accounts) or (
            principal.issued_at < log.principals.get(principal.name, 0)
        ):
            raise unauthenticated(
                "TOKEN_REVOKED", "the token has been revoked; get a new one, for example with `portico token`"
            )
