"""The variables by which S3's clients reach a platform: address, access key, whom to trust."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from portico.errors import PorticoError, ProfileError

if TYPE_CHECKING:
    import portico
    from portico import Profile

REGION = "auto"
IN_THE_WAY = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE")
"""Variables that would lead clients to other credentials."""
BUNDLE = "ca-bundle.pem"
"""In the profile's folder: the authorities that the system trusts, and the platform's."""

_SECONDS = 10.0
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS
)


def variables(client: portico.Client, *, trust: bool) -> dict[str, str]:
    """`trust`: programs are to trust this platform only. Makes an access key where the profile keeps none. Raises
    PorticoError."""
    profile = client.profile
    address = door_of(profile)
    key = client.access.own_key()
    endpoint = f"https://{address}"
    authority = str(authorities(profile, trust=trust))
    return {
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CA_BUNDLE": authority,
        "SSL_CERT_FILE": authority,
        "S3_ENDPOINT_URL": endpoint,
        "RCLONE_CONFIG_PORTICO_TYPE": "s3",
        "RCLONE_CONFIG_PORTICO_PROVIDER": "Other",
        "RCLONE_CONFIG_PORTICO_ACCESS_KEY_ID": key.id,
        "RCLONE_CONFIG_PORTICO_SECRET_ACCESS_KEY": key.secret,
        "RCLONE_CONFIG_PORTICO_ENDPOINT": endpoint,
        "RCLONE_CONFIG_PORTICO_REGION": REGION,
        "RCLONE_CA_CERT": authority,
        "MC_HOST_portico": f"https://{key.id}:{quote(key.secret, safe='')}@{address}",
    }


def door_of(profile: Profile) -> str:
    """HOST:PORT of the S3 door: what the profile says, or the platform. Raises ProfileError."""
    if profile.s3_address:
        return profile.s3_address
    from portico._oauth import s3_address

    try:
        address = s3_address(profile, _SECONDS)
    except PorticoError as error:
        raise ProfileError(
            f"the profile {profile.name!r} does not say where the S3 door is, and the platform cannot be asked "
            f'({error.message}): write `s3_address = "HOST:PORT"` into {profile.folder}/profile.toml',
            reason="S3_DOOR_UNKNOWN",
        ) from None
    if not address:
        raise ProfileError(
            f"the platform at {profile.address} has no S3 door: its setting `s3_listen` is empty, or it does not serve "
            "objects",
            reason="S3_DOOR_MISSING",
        )
    return address


def authorities(profile: Profile, *, trust: bool) -> Path:
    """A file of the authorities that clients are to trust."""
    from portico._files import write_secret

    if profile.folder is None:
        raise ProfileError("this needs a profile in a folder: see `portico profile list`", reason="PROFILE_MISSING")
    folder = profile.folder.absolute()
    own = folder / "ca.pem"
    if trust:
        return own
    system = next((path for path in map(Path, _SYSTEM_BUNDLES) if path.is_file()), None)
    content = (system.read_bytes().rstrip() + b"\n" if system is not None else b"") + own.read_bytes()
    bundle = folder / BUNDLE
    if not bundle.is_file() or bundle.read_bytes() != content:
        write_secret(bundle, content)
    return bundle
