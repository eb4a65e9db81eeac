"""What the identity step asks about revocation, at each call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import grpc
import structlog

from portico_server.gateway.revocation_log import RevocationLog
from portico_server.gateway.tokens import unauthenticated
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Peer
from portico_server.platform.errors import ApiError
from portico_server.platform.revocations import ANY_ACCOUNT, Kind

NoteSerial = Callable[[Kind, str, str, str], None]

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
    that of a certificate's URI. `note_serial` is told of refused certificates that no handshake refuses yet: the kind,
    account and subject of their revocation, and their serial number. `check_credential` refuses who came by a
    credential of an account that is good no more."""

    def __init__(
        self,
        log: RevocationLog,
        certificate_account: Callable[[str], str],
        note_serial: NoteSerial | None = None,
        check_credential: Callable[[Principal], None] | None = None,
    ) -> None:
        self._log = log
        self._certificate_account = certificate_account
        self._note_serial = note_serial
        self._check_credential = check_credential

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
        by_fingerprint, by_serial = log.fingerprints.get(peer.fingerprint), log.serials.get(peer.serial)
        if not (by_fingerprint or by_serial):
            return
        bearing = {f"accounts/{self._certificate_account(peer.uri)}", ANY_ACCOUNT}
        if found := bearing & (by_fingerprint or set()):
            self._note(Kind.FINGERPRINT, found.pop(), peer.fingerprint, peer.serial)
        elif found := bearing & (by_serial or set()):
            self._note(Kind.SERIAL, found.pop(), peer.serial, peer.serial)
        else:
            return
        raise unauthenticated(
            "CERTIFICATE_REVOKED", "the client certificate has been revoked; ask for another one of this platform"
        )

    def _note(self, kind: Kind, account: str, subject: str, serial: str) -> None:
        if self._note_serial is not None and serial and serial not in self._log.listed:
            self._note_serial(kind, account, subject, serial)

    def check_token(self, principal: Principal) -> None:
        if principal.credential and self._check_credential is not None:
            self._check_credential(principal)
        log = self._log
        if not (log.tokens or log.principals):
            return
        account = f"accounts/{principal.account}"
        is_revoked = any(
            account in log.tokens.get(token_id, ()) for token_id in (principal.token_id, *principal.exchanged_from)
        )
        if is_revoked or principal.issued_at < log.principals.get(principal.name, 0):
            raise unauthenticated(
                "TOKEN_REVOKED", "the token has been revoked; get a new one, for example with `portico token`"
            )


def check_caller(revoked: Revoked, peer: Peer, origin: Peer, principal: Principal | None, message: Any = None) -> None:
    """Whether a call of theirs that was let in may still go on, for example with this message. Raises ApiError."""
    revoked.refresh()
    revoked.check_certificate(peer)
    revoked.check_certificate(origin)
    if principal is not None and principal.token_id:
        revoked.check_token(principal)
