"""When a client certificate must be renewed, and the key and request (PKCS #10) for the new one."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime

from portico._files import locked
from portico.errors import ProfileError
from portico.profiles import AUTHORITY, CERTIFICATE, KEY, Profile

SHORTEST_LIFE_SECONDS = 3600.0  # of CreateCertificate's contract
RENEWAL_SHARE = 1 / 3


def due(profile: Profile) -> bool:
    """Whether less than a third of the certificate's life is left. Raises ProfileError if nothing is.

    A file younger than two thirds of the shortest life is not looked into: that spares most commands the loading of a
    cryptography library.
    """
    assert profile.folder is not None
    assert profile.certificate is not None
    try:
        age = time.time() - (profile.folder / CERTIFICATE).stat().st_mtime
    except OSError:
        return False
    if 0 <= age < SHORTEST_LIFE_SECONDS * (1 - RENEWAL_SHARE):
        return False
    begin, end = validity(profile.certificate)
    left = (end - datetime.now(UTC)).total_seconds()
    if left <= 0:
        raise ProfileError(
            f"the client certificate of the profile {profile.name} expired at {end:%Y-%m-%d %H:%M} UTC: on the "
            "platform's machine restart it (`portico down`, `portico up`), which writes a new one; elsewhere ask its "
            "administrator",
            reason="CERTIFICATE_EXPIRED",
        )
    return left < RENEWAL_SHARE * (end - begin).total_seconds()


def stored(profile: Profile) -> Profile | None:
    """The profile with what its folder holds now, where that is another certificate or authority. None where it is the
    same, or cannot be read."""
    assert profile.folder is not None
    try:
        with locked(profile.folder, exclusive=False):
            authority, certificate, key = (
                (profile.folder / name).read_bytes() for name in (AUTHORITY, CERTIFICATE, KEY)
            )
    except OSError:
        return None
    if profile.fixed_authority and profile.authority is not None:
        authority = profile.authority
    if (authority, certificate) == (profile.authority, profile.certificate):
        return None
    return dataclasses.replace(profile, authority=authority, certificate=certificate, key=key)


def validity(certificate: bytes) -> tuple[datetime, datetime]:
    """From when until when a certificate (PEM) holds."""
    from cryptography import x509

    try:
        parsed = x509.load_pem_x509_certificate(certificate)
    except ValueError as error:
        raise ProfileError(f"client.pem is no certificate: {error}", reason="PROFILE_UNREADABLE") from None
    return parsed.not_valid_before_utc, parsed.not_valid_after_utc


def new_request() -> tuple[bytes, bytes]:
    """A new EC P-256 key (PEM) and a request for its certificate (DER). Names are left out: the platform ignores
    them."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem, request.public_bytes(serialization.Encoding.DER)
