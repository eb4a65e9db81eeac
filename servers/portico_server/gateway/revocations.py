"""The RevocationService: tokens and certificates that are good no more."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from portico.gateway.v1 import revocations_pb2, revocations_pb2_grpc
from portico_server.gateway.revocation_log import MAX_REVOCATIONS, Kind, LogFull, Revocation, RevocationLog
from portico_server.platform.call import current
from portico_server.platform.errors import ApiError
from portico_server.platform.names import account_of
from portico_server.platform.paging import PageTokens

KEPT_SECONDS = 90 * 24 * 3600
"""How long a revocation is kept that does not say when its subject expires: no credential of ours lives longer."""
LONGEST_KEPT_SECONDS = 400 * 24 * 3600

_USUAL_PAGE, _LARGEST_PAGE = 100, 1000

Add = Callable[[Revocation], Awaitable[Revocation]]


class RevocationService(revocations_pb2_grpc.RevocationServiceServicer):
    """`add` revokes, wherever it must be known, before it returns; `log` is what is listed."""

    def __init__(self, log: RevocationLog, add: Add, page_tokens: PageTokens) -> None:
        self._log = log
        self._add = add
        self._page_tokens = page_tokens

    async def RevokeToken(
        self, request: revocations_pb2.RevokeTokenRequest, context: Any
    ) -> revocations_pb2.RevokeTokenResponse:
        revoked = await self._revoke(Kind.TOKEN, request.parent, request.token_id, request)
        return revocations_pb2.RevokeTokenResponse(revocation=revoked)

    async def RevokePrincipalTokens(
        self, request: revocations_pb2.RevokePrincipalTokensRequest, context: Any
    ) -> revocations_pb2.RevokePrincipalTokensResponse:
        account = f"accounts/{account_of(request.name)}"
        # Tokens tell the second in which they were issued, so those of this very second go, too.
        revoked = await self._revoke(Kind.PRINCIPAL, account, request.name, request, issued_before=int(time.time()) + 1)
        return revocations_pb2.RevokePrincipalTokensResponse(revocation=revoked)

    async def RevokeCertificate(
        self, request: revocations_pb2.RevokeCertificateRequest, context: Any
    ) -> revocations_pb2.RevokeCertificateResponse:
        if request.WhichOneof("certificate") == "certificate_sha256":
            kind, subject = Kind.FINGERPRINT, request.certificate_sha256.lower()
        else:
            kind, subject = Kind.SERIAL, request.certificate_serial.lower().lstrip("0")
        revoked = await self._revoke(kind, request.parent, subject, request)
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

    async def _revoke(
        self, kind: Kind, account: str, subject: str, request: Any, issued_before: int = 0
    ) -> revocations_pb2.Revocation:
        principal = current.get().principal
        assert principal is not None  # the gateway's authorize step has seen to it
        now = int(time.time())
        expires_at = request.expire_time.seconds if hasattr(request, "expire_time") else 0
        revocation = Revocation(
            kind,
            account,
            subject,
            revoked_at=now,
            # A second more than it says, because that was a whole number.
            expires_at=min(expires_at + 1, now + LONGEST_KEPT_SECONDS) if expires_at else now + KEPT_SECONDS,
            issued_before=issued_before,
            revoked_by=principal.name,
            reason=request.reason,
        )
        try:
            return _message(await self._add(revocation))
        except LogFull:
            raise ApiError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "TOO_MANY_REVOCATIONS",
                f"{MAX_REVOCATIONS:,} revocations are in force, which is all that can be kept: revoke all tokens of a "
                "principal at once, or replace the token key",
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
