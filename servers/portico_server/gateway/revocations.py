"""The RevocationService: tokens and certificates that are good no more."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from google.protobuf.timestamp_pb2 import Timestamp

from portico.gateway.v1 import revocations_pb2, revocations_pb2_grpc
from portico_server.gateway.revocation_log import LogFull, RevocationLog
from portico_server.platform.call import current
from portico_server.platform.errors import ApiError, invalid_argument
from portico_server.platform.keyring.authorities import Authorities
from portico_server.platform.keyring.identity import uri_of
from portico_server.platform.names import account_of
from portico_server.platform.paging import PageTokens
from portico_server.platform.revocations import Kind, Revocation

KEPT_SECONDS = 90 * 24 * 3600
"""How long a revocation is kept that does not say when its subject expires: no credential of ours lives longer."""
LONGEST_KEPT_SECONDS = 400 * 24 * 3600

_USUAL_PAGE, _LARGEST_PAGE = 100, 1000

Add = Callable[[Revocation], Awaitable[Revocation]]


class RevocationService(revocations_pb2_grpc.RevocationServiceServicer):
    """`add` revokes, wherever it must be known, before it returns; `log` is what is listed. `authorities` tell a
    certificate that the platform has issued, `certificate_account` whose one is by its URI."""

    def __init__(
        self,
        log: RevocationLog,
        add: Add,
        page_tokens: PageTokens,
        authorities: Authorities,
        certificate_account: Callable[[str], str],
    ) -> None:
        self._log = log
        self._add = add
        self._page_tokens = page_tokens
        self._authorities = authorities
        self._certificate_account = certificate_account

    async def RevokeToken(
        self, request: revocations_pb2.RevokeTokenRequest, context: Any
    ) -> revocations_pb2.RevokeTokenResponse:
        revoked = await self._revoke(
            Kind.TOKEN, request.parent, request.token_id, request.reason, expires_at=_end_asked(request)
        )
        return revocations_pb2.RevokeTokenResponse(revocation=revoked)

    async def RevokePrincipalTokens(
        self, request: revocations_pb2.RevokePrincipalTokensRequest, context: Any
    ) -> revocations_pb2.RevokePrincipalTokensResponse:
        account = f"accounts/{account_of(request.name)}"
        # Tokens tell the second in which they were issued, so those of this very second go, too.
        revoked = await self._revoke(
            Kind.PRINCIPAL, account, request.name, request.reason, issued_before=int(time.time()) + 1
        )
        return revocations_pb2.RevokePrincipalTokensResponse(revocation=revoked)

    async def RevokeCertificate(
        self, request: revocations_pb2.RevokeCertificateRequest, context: Any
    ) -> revocations_pb2.RevokeCertificateResponse:
        expires_at, listed_serial = _end_asked(request), ""
        match request.WhichOneof("certificate"):
            case "client_certificate":
                found = self._own_certificate(request.client_certificate, request.parent)
                kind, subject = Kind.FINGERPRINT, found.fingerprint(hashes.SHA256()).hex()
                listed_serial = f"{found.serial_number:x}"
                expires_at = int(found.not_valid_after_utc.timestamp())
            case "certificate_sha256":
                kind, subject = Kind.FINGERPRINT, request.certificate_sha256.lower()
            case _:
                kind, subject = Kind.SERIAL, request.certificate_serial.lower().lstrip("0") or "0"
        revoked = await self._revoke(
            kind, request.parent, subject, request.reason, expires_at=expires_at, listed_serial=listed_serial
        )
        return revocations_pb2.RevokeCertificateResponse(revocation=revoked)

    async def ListRevocations(
        self, request: revocations_pb2.ListRevocationsRequest, context: Any
    ) -> revocations_pb2.ListRevocationsResponse:
        principal = current.get().principal
        assert principal is not None  # the gateway's authorize step has seen to it
        after = self._page_tokens.open(request, principal.name, request.page_token)
        size = min(request.page_size or _USUAL_PAGE, _LARGEST_PAGE)
        self._log.refresh()
        own = (item for item in self._log.in_force() if item.account == request.parent and item.id > after)
        found = sorted(own, key=lambda item: item.id)[: size + 1]
        cursor = found[size - 1].id if len(found) > size else ""
        return revocations_pb2.ListRevocationsResponse(
            revocations=map(_message, found[:size]),
            next_page_token=self._page_tokens.seal(request, principal.name, cursor),
        )

    def _own_certificate(self, certificate: bytes, account: str) -> x509.Certificate:
        """A certificate that this platform has issued for the account. Raises ApiError (INVALID_ARGUMENT)."""
        field, found = "client_certificate", _parsed(certificate)
        if not self._authorities.have_issued(found):
            raise invalid_argument(field, "must be one that this platform has issued", "NOT_ISSUED_HERE")
        if account != f"accounts/{self._certificate_account(uri_of(found))}":
            raise invalid_argument(field, f"is not of {account}: name its own account as parent", "OTHER_ACCOUNT")
        return found

    async def _revoke(
        self,
        kind: Kind,
        account: str,
        subject: str,
        reason: str,
        *,
        expires_at: int = 0,
        issued_before: int = 0,
        listed_serial: str = "",
    ) -> revocations_pb2.Revocation:
        """`expires_at`: when the subject expires by itself; 0: that is not known."""
        principal = current.get().principal
        assert principal is not None  # the gateway's authorize step has seen to it
        now = int(time.time())
        revocation = Revocation(
            kind,
            account,
            subject,
            revoked_at=now,
            # A second more than it says, because that was a whole number.
            expires_at=min(expires_at + 1, now + LONGEST_KEPT_SECONDS) if expires_at else now + KEPT_SECONDS,
            issued_before=issued_before,
            revoked_by=principal.name,
            reason=reason,
            listed_serial=listed_serial,
        )
        try:
            return _message(await self._add(revocation))
        except LogFull as full:
            raise ApiError(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_REVOCATIONS", str(full)) from None


def _end_asked(request: Any) -> int:
    """When the caller says that what is revoked expires, seconds since 1970; 0: nothing is said."""
    seconds: int = request.expire_time.seconds
    return seconds


def _parsed(certificate: bytes) -> x509.Certificate:
    """DER or PEM. Raises ApiError (INVALID_ARGUMENT)."""
    is_pem = certificate.lstrip().startswith(b"-----")
    try:
        return (x509.load_pem_x509_certificate if is_pem else x509.load_der_x509_certificate)(certificate)
    except ValueError:
        raise invalid_argument(
            "client_certificate", "must be an X.509 certificate, DER or PEM", "INVALID_CERTIFICATE"
        ) from None


def _message(revocation: Revocation) -> revocations_pb2.Revocation:
    message = revocations_pb2.Revocation(
        name=f"{revocation.account}/revocations/{revocation.id}",
        revoke_time=Timestamp(seconds=revocation.revoked_at),
        expire_time=Timestamp(seconds=revocation.expires_at),
        revoker=revocation.revoked_by,
        reason=revocation.reason,
    )
    match revocation.kind:
        case Kind.TOKEN:
            message.token_id = revocation.subject
        case Kind.FINGERPRINT:
            message.certificate_sha256 = revocation.subject
        case Kind.SERIAL:
            message.certificate_serial = revocation.subject
        case Kind.PRINCIPAL:
            message.principal = revocation.subject
            message.issued_before_time.FromSeconds(revocation.issued_before)
    return message
