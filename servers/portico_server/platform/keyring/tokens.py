"""Access tokens: JWTs (ES256) of the shape of RFC 9068, and the keys that sign them as a JWK set (RFC 7517).

Each key is a file `<time>.pem` in one folder; the newest signs, all verify. To rotate: add a key, wait until the
longest token has expired, remove the old one.
"""

from __future__ import annotations

import base64
import secrets
import time
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from portico_server.platform.keyring.authority import new_private_key
from portico_server.platform.keyring.key_files import parsed
from portico_server.platform.private_files import read_or_create, replace_file

ALGORITHM = "ES256"


class TokenKeys:
    """The signing keys in a folder, at least one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not any(folder.glob("*.pem")):
            read_or_create(folder / "first.pem", new_private_key)
        self._keys = [_load(path) for path in sorted(folder.glob("*.pem"), key=_age)]

    def rotate(self) -> None:
        """Adds a key; it signs from now on, the others go on verifying."""
        replace_file(self._folder / f"{time.time_ns():020d}.pem", new_private_key())
        self._keys = [_load(path) for path in sorted(self._folder.glob("*.pem"), key=_age)]

    def public_set(self) -> dict[str, Any]:
        """The JWK set that verifies, newest key first."""
        keys = [key.as_dict(private=False) | {"use": "sig", "alg": ALGORITHM} for key in reversed(self._keys)]
        return {"keys": keys}

    def sign(
        self, issuer: str, audience: str, subject: str, client_id: str, lifetime_seconds: int, certificate: bytes | None
    ) -> str:
        """A token; `certificate` (SHA-256 of its DER) binds it to that certificate (RFC 8705, `cnf.x5t#S256`)."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": issuer,
            "aud": audience,
            "sub": subject,
            "client_id": client_id,
            "iat": now,
            "exp": now + lifetime_seconds,
            "jti": secrets.token_urlsafe(16),
        }
        if certificate is not None:
            claims["cnf"] = {"x5t#S256": base64.urlsafe_b64encode(certificate).rstrip(b"=").decode()}
        key = self._keys[-1]
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])


def _load(path: Path) -> ECKey:
    key = parsed(path, path.read_bytes(), ECKey.import_key)
    key.ensure_kid()  # the thumbprint (RFC 7638)
    return key


def _age(path: Path) -> tuple[bool, str]:
    """Sorts the first key before those that rotation added."""
    return path.name != "first.pem", path.name
