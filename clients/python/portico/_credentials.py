"""Keeps the caller's token and certificate fresh, in memory and in the profile's folder.

The token is renewed by CreateToken when a fifth of its life is left; the certificate by CreateCertificate, with a new
key, when a third of its life is left, or when the platform's authority changes, which each new token tells. Both calls
are authorized by the client certificate. A profile with a client's id and secret gets its tokens by OAuth 2.0. Other
processes may renew the same profile: the folder is looked at first,
files are replaced whole, and a renewal that fails matters only when what we have is no longer good.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import logging
import time
from typing import Any

from portico import _certificates, _oauth
from portico._files import locked, replace_pair, write_secret
from portico._methods import method
from portico._steps import Steps, acquire, blocking, reconnect
from portico.errors import PorticoError
from portico.profiles import AUTHORITY, CERTIFICATE, KEY, TOKEN, Profile, stored_token

_SERVICE = "/portico.gateway.v1.CredentialService/"
RENEWAL_SHARE = 0.2

log = logging.getLogger("portico")


class Credentials:
    """The token and certificate of one client, which all its calls share."""

    def __init__(self, profile: Profile, lock: Any) -> None:
        self.profile = profile
        self._lock = lock
        self._certificate_checked = not profile.renewable
        self._authority_changes = False
        self._take(profile.token)

    def token(self, session: Any) -> Steps[str]:
        """A token that is good for a while, renewed if it must be; empty if the profile has neither token nor
        certificate."""
        if self._certificate_checked and not self._due():
            return self._token
        yield acquire(self._lock)
        try:
            if not self._certificate_checked:
                yield from self._renew_certificate(session)
                self._certificate_checked = True
            if self._due():
                yield from self._renew_token(session)
        finally:
            self._lock.release()
        return self._token

    def refuse(self, token: str) -> bool:
        """The platform called this token stale: whether another one can be had."""
        if not self.profile.has_tokens:
            return False
        if token == self._token:
            self._renew_at = 0.0
            self._expires_at = 0.0
        return True

    def _due(self) -> bool:
        return self.profile.has_tokens and time.time() >= self._renew_at

    def _take(self, token: str) -> None:
        self._token = token
        issued_at, self._expires_at = _life(token)
        self._renew_at = self._expires_at - RENEWAL_SHARE * (self._expires_at - issued_at)

    def _renew_token(self, session: Any) -> Steps[None]:
        refused = self._token if self._renew_at == 0.0 else ""
        stored = yield blocking(stored_token, self.profile.folder)
        if stored != refused and _life(stored)[1] > self._expires_at:  # else ours is the better one, until it expires
            self._take(stored)
            if not self._due():
                return
        if self.profile.client_secret:
            yield from self._by_secret(session)
            return
        from portico.gateway.v1 import credentials_pb2

        create = method(_SERVICE + "CreateToken", credentials_pb2.CreateTokenResponse)
        try:
            response = yield from session.call(create, credentials_pb2.CreateTokenRequest(), repeatable=True)
        except PorticoError as error:
            if time.time() >= self._expires_at:
                raise
            log.warning("the token could not be renewed, the old one is used until it expires: %s", error)
            return
        self._take(response.token)
        authority = response.authority_pem.encode()
        self._authority_changes = self._follows(authority) and authority != self.profile.authority
        yield from self._keep(TOKEN, response.token.encode())
        self._certificate_checked = False  # a good moment to look at the certificate, once in a token's life

    def _by_secret(self, session: Any) -> Steps[None]:
        """A token by client credentials (RFC 6749, 4.4). What is known is not waited for: a secret that was deleted
        leaves none."""
        form = {"grant_type": "client_credentials"}
        try:
            answer = yield blocking(_oauth.post, self.profile, _oauth.TOKEN, form, session.options.timeout_seconds)
        except PorticoError as error:
            if time.time() >= self._expires_at:
                raise
            log.warning("the token could not be renewed, the old one is used until it expires: %s", error)
            return
        token = str(answer["access_token"])
        self._take(token)
        yield from self._keep(TOKEN, token.encode())

    def _renew_certificate(self, session: Any) -> Steps[None]:
        """Renews the certificate if it is due; a failure is only told, for the certificate may still be good for
        weeks."""
        yield from self.look_again()
        if not self._authority_changes and not (yield blocking(_certificates.due, self.profile)):
            return
        from portico.gateway.v1 import credentials_pb2

        key, request_der = yield blocking(_certificates.new_request)
        create = method(_SERVICE + "CreateCertificate", credentials_pb2.CreateCertificateResponse)
        request = credentials_pb2.CreateCertificateRequest(certificate_request=request_der)
        try:
            response = yield from session.call(create, request, repeatable=True)
        except PorticoError as error:
            log.warning("the client certificate could not be renewed: %s", error)
            return
        yield from self.replace_certificate(key, response)

    def look_again(self) -> Steps[bool]:
        """Takes into use what another process, or the platform on this machine, has put into the profile's folder;
        whether that is another certificate or authority."""
        if not self.profile.renewable:
            return False
        stored = yield blocking(_certificates.stored, self.profile)
        if stored is None:
            return False
        self.profile = stored
        yield reconnect(stored)
        return True

    def replace_certificate(self, key: bytes, response: Any) -> Steps[None]:
        """Takes a new key, and the certificate and authorities of a CreateCertificateResponse, into use and into the
        profile's folder. A token bound to the old one goes."""
        certificate, authority = response.certificate_pem.encode(), response.authority_pem.encode()
        self.profile = dataclasses.replace(self.profile, certificate=certificate, key=key)
        if follows := self._follows(authority):
            self.profile = dataclasses.replace(self.profile, authority=authority)
        self._authority_changes = False
        yield reconnect(self.profile)
        if self._token and "cnf" in _claims(self._token):
            self._take("")
        folder = self.profile.folder
        assert folder is not None  # renewable

        def write() -> None:
            with locked(folder, exclusive=True):
                if follows:  # first: the new certificate may be another authority's
                    write_secret(folder / AUTHORITY, authority)
                replace_pair(folder / KEY, key, folder / CERTIFICATE, certificate)

        try:
            yield blocking(write)
        except OSError as error:
            log.warning("the renewed certificate cannot be written to %s: %s", folder, error.strerror)

    def _follows(self, authority: bytes) -> bool:
        """Whether this authority would be believed in the place of the profile's: not where one was given, or the
        system's are believed."""
        return bool(authority) and self.profile.authority is not None and not self.profile.fixed_authority

    def _keep(self, name: str, content: bytes) -> Steps[None]:
        assert self.profile.folder is not None  # renewable
        path = self.profile.folder / name
        try:
            yield blocking(write_secret, path, content)
        except FileNotFoundError:
            return  # its folder: a profile that is only being made, by a login, or that was removed
        except OSError as error:
            log.warning("the renewed %s cannot be written to %s: %s", name, path, error.strerror)


def _claims(token: str) -> dict[str, Any]:
    """What a JWT says, unverified (that is the platform's part); nothing if it is not one."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _life(token: str) -> tuple[float, float]:
    """When the token was issued and when it expires, in seconds since 1970; for what is no JWT, long ago."""
    claims = _claims(token)
    try:
        return float(claims.get("iat", 0)), float(claims.get("exp", 0))
    except (TypeError, ValueError):
        return 0.0, 0.0
