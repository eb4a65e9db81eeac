"""Certificates and tokens for tests, good ones and all kinds of bad ones."""

from __future__ import annotations

import datetime
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portico_server.platform.keyring.authority import load_private_key, private_key_pem
from portico_server.platform.keyring.keyring import KeyPair
from portico_server.platform.private_files import locked


@dataclass(frozen=True)
class ClientCertificate:
    """A client certificate with its key, PEM."""

    certificate: bytes
    key: bytes

    @classmethod
    def read(cls, profile: Path) -> ClientCertificate:
        with locked(profile):  # they may be replaced just now
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


def certificate_of(data: Path, uri: str, begin: datetime.datetime, end: datetime.datetime) -> ClientCertificate:
    """A client certificate signed by the platform's own authority, good or not: with any URI and any time."""
    authority = x509.load_pem_x509_certificate((data / "keys" / "authority.pem").read_bytes())
    signer = load_private_key((data / "keys" / "authority.key").read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(authority.subject, x509.Name([]), key.public_key(), 1, begin, end)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=True)
    certificate = builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return ClientCertificate(certificate, private_key_pem(key))
