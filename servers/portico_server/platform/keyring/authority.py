"""The certificate authority (X.509, EC P-256): its own certificate, and those that it issues."""

from __future__ import annotations

import datetime
import ipaddress
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CertificateKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
"""Keys that a certificate is issued for."""

_MAX_COMMON_NAME = 64  # RFC 5280, ub-common-name
_ID_DIGITS = 16

AUTHORITY_YEARS = 10
BACKDATED = datetime.timedelta(minutes=5)
"""How far before now a certificate begins to hold, for clocks that are behind."""


def new_private_key() -> bytes:
    """A fresh EC P-256 key, PKCS #8 PEM, not encrypted (its file's mode protects it)."""
    return private_key_pem(ec.generate_private_key(ec.SECP256R1()))


def private_key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Raises ValueError for anything but an EC key."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("this is not an elliptic-curve private key")
    return key


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority. Paths below it have no further authorities (path length 0)."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def id(self) -> str:
        """The beginning of the SHA-256 of its certificate, in hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()[:_ID_DIGITS]

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return private_key_pem(self.key)

    @classmethod
    def create_certificate(cls, key: ec.EllipticCurvePrivateKey, trust_domain: str, *, further: bool = False) -> bytes:
        """The authority's own certificate, PEM, signed by itself. That of a `further` one has a name of its own: its
        list of revoked certificates must not be taken for another's."""
        common_name = f"Portico authority of {trust_domain}"[:_MAX_COMMON_NAME]
        names = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        if further:
            names.append(x509.NameAttribute(NameOID.DN_QUALIFIER, secrets.token_hex(8)))
        name = x509.Name(names)
        start = _now() - BACKDATED
        builder = _builder(name, name, key.public_key(), start, start + datetime.timedelta(days=365 * AUTHORITY_YEARS))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage(certificates=True), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(
        self, public_key: CertificateKey, uri: str, *, lifetime_seconds: int, server_names: Sequence[str] = ()
    ) -> bytes:
        """A certificate (PEM) with the SPIFFE id `uri`: a server's if `server_names` (DNS names, IP addresses) are
        given, which may be a client too; a client's otherwise. It never outlives the authority."""
        start = _now() - BACKDATED
        end = min(_now() + datetime.timedelta(seconds=lifetime_seconds), self.certificate.not_valid_after_utc)
        # Many clients show only the subject; the name that counts is the URI.
        subject = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, uri.removeprefix("spiffe://")[-_MAX_COMMON_NAME:])]
        )
        server = [ExtendedKeyUsageOID.SERVER_AUTH] if server_names else []
        usages = x509.ExtendedKeyUsage([*server, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = _builder(subject, self.certificate.subject, public_key, start, end)
        names = [x509.UniformResourceIdentifier(uri), *map(_general_name, server_names)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(certificates=False), critical=True)
        builder = builder.add_extension(usages, critical=False)
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(authority_key, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def has_issued(self, certificate: x509.Certificate) -> bool:
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def revocation_list(self, serial_numbers: Iterable[int], *, lifetime_seconds: int) -> bytes:
        """The list of those of its certificates that are good no more (CRL, RFC 5280, 5), PEM. A later one replaces it;
        once it has expired, whoever checks it believes no certificate of this authority."""
        now = _now()
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.certificate.subject,
            last_update=now - BACKDATED,
            next_update=now + datetime.timedelta(seconds=lifetime_seconds),
            revoked_certificates=[_revoked(number, now) for number in serial_numbers],
        )
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        builder = builder.add_extension(x509.CRLNumber(time.time_ns()), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _revoked(serial_number: int, at: datetime.datetime) -> x509.RevokedCertificate:
    return x509.RevokedCertificateBuilder(serial_number=serial_number, revocation_date=at).build()


def _builder(
    subject: x509.Name, issuer: x509.Name, key: CertificateKey, start: datetime.datetime, end: datetime.datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=start,
        not_valid_after=end,
    )


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    """An authority signs certificates and revocation lists, everybody else signs handshakes."""
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
