"""Certificates and tokens for tests, good ones and all kinds of bad ones."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portico_server.platform.keyring.keyring import KeyPair


@dataclass(frozen=True)
class ClientCertificate:
    """A client certificate with its key, PEM."""

    certificate: bytes
    key: bytes

    @classmethod
    def read(cls, profile: Path) -> ClientCertificate:
        return cls((profile / "client.pem").read_bytes(), (profile / "client.key").read_bytes())

    @classmethod
    def of(cls, pair: KeyPair) -> ClientCertificate:
        return cls(pair.certificate_pem, pair.private_key_pem)


def ssl_context(authority: bytes, certificate: ClientCertificate | None) -> ssl.SSLContext:
    """A client's TLS: trusts the authority alone, shows the certificate if there is one."""
    context = ssl.create_default_context(cadata=authority.decode())
    if certificate is not None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate.certificate + certificate.key)
            file.flush()
            context.load_cert_chain(file.name)
    return context
