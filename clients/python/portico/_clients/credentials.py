"""Tokens and certificates: given out and taken back. A client keeps its own fresh by itself; these are for others, and
for renewing by hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from portico import _certificates, _oauth, profiles
from portico._methods import method
from portico._oauth import IssuedToken
from portico._paging import Paging
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._steps import Steps, blocking
from portico.errors import ProfileError
from portico.gateway.v1 import credentials_pb2, revocations_pb2
from portico.gateway.v1.credentials_pb2 import CreateCertificateResponse, CreateTokenResponse
from portico.gateway.v1.revocations_pb2 import Revocation
from portico.profiles import Profile

_SERVICE = "/portico.gateway.v1.CredentialService/"
_CREATE_TOKEN = method(_SERVICE + "CreateToken", credentials_pb2.CreateTokenResponse)
_CREATE_CERTIFICATE = method(_SERVICE + "CreateCertificate", credentials_pb2.CreateCertificateResponse)

_REVOCATIONS = "/portico.gateway.v1.RevocationService/"
_REVOKE_TOKEN = method(_REVOCATIONS + "RevokeToken", revocations_pb2.RevokeTokenResponse)
_REVOKE_PRINCIPAL_TOKENS = method(_REVOCATIONS + "RevokePrincipalTokens", revocations_pb2.RevokePrincipalTokensResponse)
_REVOKE_CERTIFICATE = method(_REVOCATIONS + "RevokeCertificate", revocations_pb2.RevokeCertificateResponse)
_LIST_REVOCATIONS = method(_REVOCATIONS + "ListRevocations", revocations_pb2.ListRevocationsResponse)


class _Credentials(Service):
    @operation
    def create_token(
        self, *, subject: str = "", ttl_seconds: int | None = None, bind_certificate: bool = False
    ) -> Steps[CreateTokenResponse]:
        """Issues a token for the certificate's own principal or, with the permission, for another one of the account.

        Args:
            subject: `accounts/{account}/principals/{id}`, or the id alone.
            ttl_seconds: 60 to 86,400; an hour if left out.
            bind_certificate: the token is good only together with this client's certificate.
        """
        request = credentials_pb2.CreateTokenRequest(
            subject=self._principal(subject), ttl=_duration(ttl_seconds), bind_certificate=bind_certificate
        )
        return (yield from self.session.call(_CREATE_TOKEN, request))

    @operation
    def create_certificate(
        self, certificate_request: bytes, *, subject: str = "", ttl_seconds: int | None = None
    ) -> Steps[CreateCertificateResponse]:
        """Signs a certificate request (PKCS #10, DER); only its public key is taken.

        Args:
            subject: as for `create_token`.
            ttl_seconds: 3,600 to 7,776,000 (90 days); 30 days if left out.
        """
        request = credentials_pb2.CreateCertificateRequest(
            certificate_request=certificate_request, subject=self._principal(subject), ttl=_duration(ttl_seconds)
        )
        return (yield from self.session.call(_CREATE_CERTIFICATE, request))

    @operation
    def renew_certificate(self) -> Steps[None]:
        """Renews this client's own certificate now, with a new key, here and in the profile's folder."""
        if not self.session.credentials.profile.renewable:
            raise ProfileError("this client has no profile with a certificate to renew", reason="NOT_RENEWABLE")
        key, request = yield blocking(_certificates.new_request)
        message = credentials_pb2.CreateCertificateRequest(certificate_request=request)
        response = yield from self.session.call(_CREATE_CERTIFICATE, message)
        yield from self.session.credentials.replace_certificate(key, response)

    @operation
    def create_profile(
        self, folder: str | os.PathLike[str], *, subject: str = "", ttl_seconds: int | None = None
    ) -> Steps[Profile]:
        """Makes a key, a certificate and a token, and writes them as a profile that another program or machine can use.

        Args:
            folder: where; made if it is not there, 0700 with files 0600.
            subject, ttl_seconds: as for `create_certificate`.
        """
        key, request = yield blocking(_certificates.new_request)
        principal, ttl = self._principal(subject), _duration(ttl_seconds)
        message = credentials_pb2.CreateCertificateRequest(certificate_request=request, subject=principal, ttl=ttl)
        certificate = yield from self.session.call(_CREATE_CERTIFICATE, message)
        token = yield from self.session.call(_CREATE_TOKEN, credentials_pb2.CreateTokenRequest(subject=principal))
        own = self.session.credentials.profile
        profile = Profile(
            address=own.address,
            account=own.account,
            name=Path(folder).name,
            folder=Path(folder),
            authority=certificate.authority_pem.encode(),
            certificate=certificate.certificate_pem.encode(),
            key=key,
            token=token.token,
            web_address=own.web_address,
            s3_address=own.s3_address,
        )
        yield blocking(profiles.write, profile)
        return profile

    @operation
    def token(self) -> Steps[str]:
        """This client's own token, renewed if it must be: good for other programs of the same user."""
        return (yield from self.session.credentials.token(self.session))

    @operation
    def introspect_token(self, token: str) -> Steps[dict[str, Any]]:
        """What a token is worth now (RFC 7662): `{"active": False}`, or its claims with `"active": True`. One that was
        revoked is not active from the revocation on; of one that is not, or of another account's, nothing is told."""
        return (yield from self._post(_oauth.INTROSPECT, {"token": token}))

    @operation
    def exchange_token(self, subject_token: str) -> Steps[IssuedToken]:
        """Exchanges a token (RFC 8693): for its subject, bound to this client's certificate, for an hour or as long as
        it would have held. Where it is of another principal than this client's, that takes the permission
        `gateway.token.create` on the principal, and the new token says who acts for it (`act`)."""
        form = {"grant_type": _oauth.TOKEN_EXCHANGE, "subject_token_type": _oauth.ACCESS_TOKEN}
        answer = yield from self._post(_oauth.TOKEN, {**form, "subject_token": subject_token})
        return IssuedToken(str(answer["access_token"]), int(answer["expires_in"]))

    def _post(self, path: str, form: Mapping[str, str]) -> Steps[dict[str, Any]]:
        answer: dict[str, Any] = yield blocking(
            _oauth.post, self.session.credentials.profile, path, form, self.session.options.timeout_seconds
        )
        return answer

    @operation
    def revoke_token(
        self, token_id: str, *, expires_at: float | None = None, reason: str = "", account: str = ""
    ) -> Steps[Revocation]:
        """Revokes a token: from the answer on it is refused everywhere on the platform's machine.

        Args:
            token_id: its claim `jti`.
            expires_at: when the token expires, seconds since 1970, so that the revocation can be forgotten then.
        """
        request = revocations_pb2.RevokeTokenRequest(
            parent=self._account(account), token_id=token_id, expire_time=_timestamp(expires_at), reason=reason
        )
        return (yield from self.session.call(_REVOKE_TOKEN, request)).revocation

    @operation
    def revoke_principal_tokens(self, principal: str, *, reason: str = "") -> Steps[Revocation]:
        """Revokes all tokens of a principal (a name, or the id alone) that were issued until now."""
        request = revocations_pb2.RevokePrincipalTokensRequest(name=self._principal(principal), reason=reason)
        return (yield from self.session.call(_REVOKE_PRINCIPAL_TOKENS, request)).revocation

    @operation
    def revoke_certificate(
        self,
        *,
        certificate: bytes = b"",
        sha256: str = "",
        serial: str = "",
        expires_at: float | None = None,
        reason: str = "",
        account: str = "",
    ) -> Steps[Revocation]:
        """Revokes a client certificate: calls with it are refused from the answer on, on connections that are open,
        too, and within a second its handshakes.

        Args:
            certificate: DER or PEM. Where it is not at hand, one of the next two, in hexadecimal; then handshakes are
                refused once a call with it was.
            sha256: its fingerprint.
            serial: its serial number.
            expires_at: when the certificate expires, seconds since 1970, where it does not say so itself.
        """
        request = revocations_pb2.RevokeCertificateRequest(
            parent=self._account(account), expire_time=_timestamp(expires_at), reason=reason
        )
        if certificate:
            request.client_certificate = certificate
        elif sha256:
            request.certificate_sha256 = sha256
        else:
            request.certificate_serial = serial
        return (yield from self.session.call(_REVOKE_CERTIFICATE, request)).revocation

    @listing
    def revocations(
        self, *, account: str = "", page_size: int = 0
    ) -> Paging[Revocation, revocations_pb2.ListRevocationsResponse]:
        """What has been revoked in the account and is still in force."""
        request = revocations_pb2.ListRevocationsRequest(parent=self._account(account), page_size=page_size)
        return Paging(_LIST_REVOCATIONS, request, "revocations")

    def _account(self, account: str) -> str:
        return f"accounts/{account}" if account else self.session.account

    def _principal(self, subject: str) -> str:
        return subject if not subject or "/" in subject else f"{self.session.account}/principals/{subject}"


def _duration(seconds: int | None) -> Duration | None:
    return None if seconds is None else Duration(seconds=seconds)


def _timestamp(seconds: float | None) -> Timestamp | None:
    return None if seconds is None else Timestamp(seconds=int(seconds))


class Credentials(_Credentials, SyncService):
    """Tokens and certificates, for threads."""


class AsyncCredentials(_Credentials, AsyncService):
    """Tokens and certificates, for asyncio."""
