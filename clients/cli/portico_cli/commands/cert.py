"""`portico cert`: client certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform


@click.group()
def cert() -> None:
    """Client certificates. They are renewed by themselves when a third of their life is left.

    \b
    Examples:
      portico cert show
      portico cert create --subject backup --folder ./backup-profile
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


def _show(caller: Caller, certificate: bytes | None) -> None:
    if certificate is None:
        raise click.ClickException("the profile has no client certificate")
    fields = _fields(certificate)
    output.show_json(fields) if caller.json else output.show_fields(fields)


def _fields(certificate: bytes) -> dict[str, Any]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        parsed = x509.load_pem_x509_certificate(certificate)
    except ValueError:
        raise click.ClickException("client.pem of the profile is no certificate (PEM)") from None
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
        "sha256": parsed.fingerprint(hashes.SHA256()).hex(),
    }
