"""Access tokens: JWTs (ES256) of the shape of RFC 9068, and the keys that sign them as a JWK set (RFC 7517).

Each key is a file `<time>.pem` in one folder; all verify, and of those whose time has come the newest signs. A new
key's time comes some seconds after it was made, when every process believes it. To rotate is to add a key; the next
rotation removes those that have signed nothing for longer than a token lives.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from portico_server.platform.keyring.authority import new_private_key
from portico_server.platform.keyring.key_files import parsed
from portico_server.platform.keyring.signatures import has_signed
from portico_server.platform.private_files import read_or_create, replace_file

ALGORITHM = "ES256"

BELIEVED_SECONDS = 10.0
"""After so long every process believes a new key: the platform's are told within a second, and nodes copy keys."""
LONGEST_TOKEN_SECONDS = 24 * 3600
_KEPT_NS = (LONGEST_TOKEN_SECONDS + 3600) * 1_000_000_000
"""How long a key goes on verifying that signs no more."""

_TICK_NS = 50_000_000
"""A folder's time of change is that of the kernel's last tick: two changes in one bear the same. So what was read that
soon after a change is read again."""


class TokenKeys:
    """The signing keys in a folder, at least one. What others change in it is noticed before the next signature."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not any(folder.glob("*.pem")):
            read_or_create(folder / "first.pem", new_private_key)
        self._read()

    def rotate(self, signs_after_seconds: float = 0.0) -> None:
        """Adds a key, which signs from then on; the others go on verifying, but for those that have long been
        superseded."""
        now = time.time_ns()
        begins = [_begin_ns(path) for path in self._paths()]
        for path, next_begins in zip(self._paths(), begins[1:], strict=False):
            if next_begins < now - _KEPT_NS:
                path.unlink(missing_ok=True)  # another process rotates, too
        replace_file(self._folder / f"{now + int(signs_after_seconds * 1e9):020d}.pem", new_private_key())
        self._read()

    def discard(self) -> None:
        """Adds a key that signs at once, and removes all others: their tokens are good no more."""
        others = self._paths()
        self.rotate()
        for path in others:
            path.unlink(missing_ok=True)
        self._read()

    def public_set(self) -> dict[str, Any]:
        """The JWK set that verifies, newest key first."""
        self._look()
        keys = [key.as_dict(private=False) | {"use": "sig", "alg": ALGORITHM} for _, key in reversed(self._keys)]
        return {"keys": keys}

    def sign(
        self,
        issuer: str,
        audience: str,
        subject: str,
        client_id: str,
        lifetime_seconds: int,
        certificate: bytes | None,
        more: Mapping[str, Any] | None = None,
    ) -> str:
        """A token; `certificate` (SHA-256 of its DER) binds it to that certificate (RFC 8705, `cnf.x5t#S256`). `more`
        are further claims."""
        self._look()
        now = int(time.time())
        claims: dict[str, Any] = {
            **(more or {}),
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
        key = self._signing()
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    def has_signed(self, token: str, kid: str | None = None) -> bool:
        """Whether the key of that id, or any one where a token names none, has signed the token, by ES256."""
        self._look()
        return any(has_signed(key, ALGORITHM, token) for _, key in self._keys if kid in (None, key.kid))

    def _look(self) -> None:
        """Takes in what others have changed in the folder. Where that fails those of before stay: whoever reloads the
        keys is told."""
        with contextlib.suppress(OSError, ValueError):
            if self._folder.stat().st_mtime_ns != self._changed:
                self._read()

    def _signing(self) -> ECKey:
        """The newest key whose time has come; the oldest where none's has, because the clock was set back."""
        now = time.time_ns()
        return next((key for begins, key in reversed(self._keys) if begins <= now), self._keys[0][1])

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.pem"), key=_begin_ns)

    def _read(self) -> None:
        changed = self._folder.stat().st_mtime_ns  # before the files: what comes meanwhile is read again
        self._changed = changed if time.time_ns() - changed > _TICK_NS else 0
        keys: list[tuple[int, ECKey]] = []
        while not keys:
            if not (paths := self._paths()):
                raise FileNotFoundError(f"{self._folder} holds no key: restore one, or start anew, which makes one")
            for path in paths:
                with contextlib.suppress(FileNotFoundError):  # another process discards it
                    keys.append((_begin_ns(path), _load(path)))
        self._keys = keys


def _load(path: Path) -> ECKey:
    key = parsed(path, path.read_bytes(), ECKey.import_key)
    key.ensure_kid()  # the thumbprint (RFC 7638)
    return key


def _begin_ns(path: Path) -> int:
    """From when a key signs, nanoseconds since 1970: the first one from ever."""
    return int(path.stem) if path.stem.isdigit() else 0
