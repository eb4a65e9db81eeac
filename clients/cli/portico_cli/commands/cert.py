"""`portico cert`: client certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.groups import Group
from portico_cli.revocations import show_revocation, show_revocations
from portico_cli.rules import fingerprint, serial_number


@click.group(cls=Group)
def cert() -> None:
    """Client certificates. They are renewed by themselves when a third of their life is left.

    \b
    Examples:
      portico cert show
      portico cert create --subject backup --folder ./backup-profile
      portico cert revoke ./backup-profile/client.pem
    """


@cert.command()
@calls_platform
def show(caller: Caller) -> None:
    """Show the profile's certificate: whose it is, and until when."""
    _show(caller, caller.client.profile.certificate)


@cert.command()
@calls_platform
def renew(caller: Caller) -> None:
    """Replace the profile's certificate now, with a new key."""
    caller.client.credentials.renew_certificate()
    _show(caller, caller.client.profile.certificate)


@cert.command()
@click.option(
    "--subject", default="", metavar="PRINCIPAL", help="For whom; your own if left out. Others need permission."
)
@click.option(
    "--ttl", type=click.IntRange(3600, 7_776_000), metavar="SECONDS", help="How long it holds; 30 days if left out."
)
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="A new folder for the profile."
)
@calls_platform
def create(caller: Caller, subject: str, ttl: int | None, folder: Path) -> None:
    """Issue a certificate with a new key and a token, as a profile's folder that another machine or program can use.

    \b
    Examples:
      portico cert create --subject backup --folder ./backup-profile
      PORTICO_PROFILE_DIR=./backup-profile portico objects ls
    """
    if folder.exists() and any(folder.iterdir()):
        raise click.UsageError(f"{folder} is not empty: name a new folder")
    made = caller.client.credentials.create_profile(folder, subject=subject, ttl_seconds=ttl)
    if not caller.json:
        click.echo(f"wrote {folder}; use it by PORTICO_PROFILE_DIR={folder}")
    _show(caller, made.certificate)


@cert.command()
@click.argument("certificate", required=False, default="", metavar="[FILE|SHA256]")
@click.option("--serial", default="", metavar="HEX", help="By its serial number.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever asks later.")
@calls_platform
def revoke(caller: Caller, certificate: str, serial: str, reason: str) -> None:
    """Revoke a client certificate: a file (PEM), its SHA-256 fingerprint, or a --serial number.

    From the answer on calls with it are refused, on connections that are open, too; within a second new connections,
    where a file is given, and else as soon as a call with it was refused.

    \b
    Examples:
      portico cert revoke ./backup-profile/client.pem --reason "machine gone"
      portico cert revoke --serial 5a3f…
    """
    if bool(certificate) == bool(serial):
        raise click.UsageError("name one certificate, or a --serial")
    serial = serial and serial_number(serial)
    path = Path(certificate)
    sha256 = "" if serial or path.is_file() else fingerprint(certificate)
    credentials = caller.client.credentials
    if serial:
        revoked = credentials.revoke_certificate(serial=serial, reason=reason)
    elif not sha256:
        content = path.read_bytes()
        _parsed(content, certificate)  # or what is wrong with the file would be told of the call
        revoked = credentials.revoke_certificate(certificate=content, reason=reason)
    else:
        revoked = credentials.revoke_certificate(sha256=sha256, reason=reason)
    show_revocation(caller, revoked)


@cert.command()
@calls_platform
def revocations(caller: Caller) -> None:
    """List what has been revoked, tokens and certificates, and is still in force."""
    show_revocations(caller)


def _show(caller: Caller, certificate: bytes | None) -> None:
    if certificate is None:
        raise click.ClickException("the profile has no client certificate")
    fields = _fields(certificate)
    output.show_json(fields) if caller.json else output.show_fields(fields)


def _fields(certificate: bytes) -> dict[str, Any]:
    from cryptography import x509

    parsed = _parsed(certificate, "client.pem of the profile")
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except x509.ExtensionNotFound:
        uris = []
    return {
        "subject": " ".join(uris),
        "issuer": parsed.issuer.rfc4514_string(),
        "serial": f"{parsed.serial_number:x}",
        "from": parsed.not_valid_before_utc.isoformat(),
        "until": parsed.not_valid_after_utc.isoformat(),
        "sha256": _sha256(parsed),
    }


def _parsed(certificate: bytes, name: str) -> Any:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(certificate)
    except ValueError:
        raise click.ClickException(f"{name} is no certificate (PEM)") from None


def _sha256(certificate: Any) -> str:
    from cryptography.hazmat.primitives import hashes

    return str(certificate.fingerprint(hashes.SHA256()).hex())
