"""The node's certificate, and who is believed, as they are now: read again from the files in which the supervisor puts
them in force."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import grpc
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portico_server.host.envoy import tls

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 1.0
"""How often the file is looked at, while calls are made."""


class NodeCredentials:
    """Of the folder of watched files. `refresh` is called at each call."""

    def __init__(self, folder: Path) -> None:
        self._certificate = folder / f"{tls.NODE}.json"
        self._authority = folder / f"{tls.AUTHORITY}.json"
        self._looked_at = -_LOOK_SECONDS
        self._stamps: tuple[int, ...] = ()
        self.fingerprint = ""
        """SHA-256 of the certificate's DER, in hexadecimal."""
        self.credentials: Any = None
        """Others as soon as another certificate is shown, or other authorities are believed."""
        self._made_of: tuple[bytes, ...] = ()

    def refresh(self) -> None:
        """Takes in what is new. One that cannot be read is tried again while the one before serves; where there
        is none, raises OSError, ValueError, LookupError."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        try:
            self._read()
        except (OSError, ValueError, LookupError) as error:
            if self.credentials is None:
                raise
            _log.warning("the node's renewed certificate cannot be read; the one before is used", error=str(error))
        self._looked_at = now

    def _read(self) -> None:
        stamps = tuple(path.stat().st_mtime_ns for path in (self._certificate, self._authority))
        if stamps == self._stamps:
            return
        certificate = _secret(self._certificate)["tls_certificate"]
        chain = certificate["certificate_chain"]["inline_string"].encode()
        key = certificate["private_key"]["inline_string"].encode()
        trusted = _secret(self._authority)["validation_context"]["trusted_ca"]["inline_string"].encode()
        self._stamps = stamps
        if (trusted, key, chain) == self._made_of:
            return  # of the authorities' file the list of revoked certificates is another, which gRPC has no use for
        self.credentials = grpc.ssl_channel_credentials(trusted, key, chain)
        self._made_of = trusted, key, chain
        der = x509.load_pem_x509_certificate(chain).public_bytes(Encoding.DER)
        self.fingerprint = hashlib.sha256(der).hexdigest()


def _secret(path: Path) -> dict[str, Any]:
    secret: dict[str, Any] = json.loads(path.read_bytes())["resources"][0]
    return secret
