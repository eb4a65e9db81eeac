"""Tokens and certificates. A client keeps its own fresh by itself; these are for others, and for renewing by hand."""

from __future__ import annotations

import os
from pathlib import Path

from google.protobuf.duration_pb2 import Duration

from portico import _certificates, profiles
from portico._methods import method
from portico._services import AsyncService, Service, SyncService, operation
from portico._steps import Steps, blocking
from portico.errors import ProfileError
from portico.gateway.v1 import credentials_pb2
from portico.gateway.v1.credentials_pb2 import CreateCertificateResponse, CreateTokenResponse
from portico.profiles import Profile

_SERVICE = "/portico.gateway.v1.CredentialService/"
_CREATE_TOKEN = method(_SERVICE + "CreateToken", credentials_pb2.CreateTokenResponse)
_CREATE_CERTIFICATE = method(_SERVICE + "CreateCertificate", credentials_pb2.CreateCertificateResponse)


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
        yield from self.session.credentials.replace_certificate(key, response.certificate_pem.encode())

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
        )
        yield blocking(profiles.write, profile)
        return profile

    @operation
    def token(self) -> Steps[str]:
        """This client's own token, renewed if it must be: good for other programs of the same user."""
        return (yield from self.session.credentials.token(self.session))

    def _principal(self, subject: str) -> str:
        return subject if not subject or "/" in subject else f"{self.session.account}/principals/{subject}"


def _duration(seconds: int | None) -> Duration | None:
    return None if seconds is None else Duration(seconds=seconds)


class Credentials(_Credentials, SyncService):
    """Tokens and certificates, for threads."""


class AsyncCredentials(_Credentials, AsyncService):
    """Tokens and certificates, for asyncio."""
