"""The CredentialService: tokens and certificates for whom the client certificate names."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, Protocol

import grpc
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from portico.gateway.v1 import credentials_pb2, credentials_pb2_grpc
from portico_server.gateway.tokens import unauthenticated
from portico_server.platform.authorization import Authorizer, Principal
from portico_server.platform.call import Call, current
from portico_server.platform.errors import ApiError, invalid_argument
from portico_server.platform.keyring import Keyring, certificate_uri
from portico_server.platform.keyring.identity import RESERVED_ACCOUNT
from portico_server.platform.names import account_of

TOKEN_SECONDS = 3600
CERTIFICATE_SECONDS = 30 * 24 * 3600

_RSA_BITS = range(2048, 4097)
_CURVES = (ec.SECP256R1, ec.SECP384R1)

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


class KnowsPrincipals(Authorizer, Protocol):
    """An authorizer that can also tell whom it has heard of."""

    def knows(self, principal: str) -> bool:
        """Whether any rule names the principal."""
        ...


class CredentialService(credentials_pb2_grpc.CredentialServiceServicer):
    """`certificate_subject` answers the principal that a certificate's URI stands for, None for nobody."""

    def __init__(
        self,
        keyring: Keyring,
        authorizer: KnowsPrincipals,
        certificate_subject: Callable[[str], Principal | None],
    ) -> None:
        self._keyring = keyring
        self._authorizer = authorizer
        self._certificate_subject = certificate_subject

    async def CreateToken(
        self, request: credentials_pb2.CreateTokenRequest, context: Any
    ) -> credentials_pb2.CreateTokenResponse:
        call = current.get()
        subject = self._subject(call, request.subject, "gateway.token.create")
        token = self._keyring.sign_token(
            subject,
            client_id=call.peer.uri,
            lifetime_seconds=_seconds(request, TOKEN_SECONDS),
            certificate_sha256=bytes.fromhex(call.peer.fingerprint) if request.bind_certificate else None,
        )
        response = credentials_pb2.CreateTokenResponse(token=token, authority_pem=self._keyring.authority_pem.decode())
        response.expire_time.FromSeconds(_expiry(token))
        return response

    async def CreateCertificate(
        self, request: credentials_pb2.CreateCertificateRequest, context: Any
    ) -> credentials_pb2.CreateCertificateResponse:
        subject = self._subject(current.get(), request.subject, "gateway.certificate.create")
        lifetime_seconds = _seconds(request, CERTIFICATE_SECONDS)
        uri = self._uri(subject)
        pem = await asyncio.to_thread(self._issue, request.certificate_request, uri, lifetime_seconds)
        response = credentials_pb2.CreateCertificateResponse(
            certificate_pem=pem.decode(), authority_pem=self._keyring.authority_pem.decode()
        )
        expires = x509.load_pem_x509_certificate(pem).not_valid_after_utc
        response.expire_time.FromDatetime(expires)
        return response

    def _uri(self, subject: str) -> str:
        try:
            return certificate_uri(self._keyring.trust_domain, subject)
        except ValueError as error:
            raise invalid_argument("subject", str(error), "INVALID_NAME") from None

    def _subject(self, call: Call, asked: str, permission: str) -> str:
        """For whom to issue. Raises ApiError: the certificate names nobody known, or may not issue for another."""
        own = self._certificate_subject(call.peer.uri) if call.peer.uri else None
        if own is None or not self._authorizer.knows(own.name):
            raise unauthenticated(
                "CERTIFICATE_UNKNOWN",
                "this method takes the client certificate for the caller, and it names nobody that is known here: "
                "use a certificate of this platform whose principal the policy names",
            )
        call.resource = subject = asked or own.name
        if account_of(subject) == RESERVED_ACCOUNT:
            raise invalid_argument("subject", f"the account {RESERVED_ACCOUNT} is the platform's own", "INVALID_NAME")
        allowed = subject == own.name or self._authorizer.allows(own, permission, subject)
        if not allowed:
            raise ApiError(
                grpc.StatusCode.PERMISSION_DENIED,
                "PERMISSION_DENIED",
                f"{own.name} needs the permission {permission} on {subject}",
                metadata={"permission": permission, "resource": subject},
            )
        return subject

    def _issue(self, certificate_request: bytes, uri: str, lifetime_seconds: int) -> bytes:
        key = public_key_of(certificate_request)
        return self._keyring.issue_certificate(key, uri, lifetime_seconds=lifetime_seconds)


def public_key_of(certificate_request: bytes) -> PublicKey:
    """The key of a PKCS #10 request that proves to hold its private half. Raises ApiError (INVALID_ARGUMENT)."""
    field = "certificate_request"
    try:
        request = x509.load_der_x509_csr(certificate_request)
        key = request.public_key()
        holds_key = request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise invalid_argument(field, "must be a PKCS #10 certificate request in DER", "INVALID_REQUEST") from None
    if not holds_key:
        raise invalid_argument(field, "its signature does not verify with its own key", "INVALID_SIGNATURE")
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return key
    if isinstance(key, ed25519.Ed25519PublicKey) or (isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_BITS):
        return key
    raise invalid_argument(
        field, "its key must be EC P-256 or P-384, Ed25519, or RSA of 2,048 to 4,096 bits", "KEY_UNSUPPORTED"
    )


def _seconds(request: Message, default: int) -> int:
    """The `ttl` of a request, bounded by its contract."""
    ttl: Duration = request.ttl  # type: ignore[attr-defined]
    return ttl.seconds if request.HasField("ttl") else default


def _expiry(token: str) -> int:
    """When our own token expires, seconds since 1970."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return int(claims["exp"])
