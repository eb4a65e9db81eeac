"""`portico trust`: programs of this machine believe the platform's certificate."""

from __future__ import annotations

from pathlib import Path

import click

from portico_cli import output
from portico_cli.transfers.places import standard_output
from portico_cli.trust_stores import Step, nss_folders, nss_steps, system_steps


@click.command()
@click.option("--profile", metavar="NAME", help="Whose authority; the profile in use if left out.")
@click.option(
    "--store",
    "stores",
    type=click.Choice(["system", "nss"]),
    multiple=True,
    default=("system",),
    show_default=True,
    help="The system's store (root), or NSS's of this user (browsers; needs certutil). May be given twice.",
)
@click.option(
    "--export",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Only write the certificate; `-`: to the output.",
)
@click.option("--remove", is_flag=True, help="Take it out again.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--output", "kind", type=click.Choice(["text", "json"]), default="text", help="How to answer.")
def trust(
    profile: str | None, stores: tuple[str, ...], export: str | None, remove: bool, dry_run: bool, kind: str
) -> None:
    """Make programs of this machine trust the platform's authority, as browsers need it for the web door.

    Whoever has the platform's key can then pretend to be any site to this machine. Programs that take a file (curl
    --cacert, SSL_CERT_FILE) do not need this: give them ca.pem of the profile, or --export.

    \b
    Examples:
      portico trust --dry-run
      sudo env PORTICO_PROFILE_DIR="$HOME/.config/portico/profiles/default" portico trust
      portico trust --store nss
      portico trust --store nss --remove
      portico trust --export portico-ca.pem
    """
    certificate, source, name = _authority(profile)
    if export is not None:
        _write(export, certificate)
        return
    steps: list[Step] = []
    for store in dict.fromkeys(stores):
        if store == "system":
            steps += system_steps(name, None if remove else certificate)
        else:
            steps += nss_steps(name, source, nss_folders(), remove=remove)
    for step in steps:
        if not dry_run:
            step.do()
        if kind == "text":
            click.echo(f"would {step}" if dry_run else str(step))
    if kind == "json":
        output.show_json({"name": name, "done": not dry_run, "steps": list(map(str, steps))})
    elif not steps:
        click.echo(f"{name} is in none of these stores")


def _write(file: str, certificate: bytes) -> None:
    if file == "-":
        standard_output().write(certificate)
        return
    try:
        Path(file).write_bytes(certificate)
    except OSError as error:  # of a full disk it does not bear the name
        raise OSError(error.errno, error.strerror, file) from None


def _authority(profile: str | None) -> tuple[bytes, Path, str]:
    """The authority's certificate (PEM), its file, and a name for it that no other platform's has."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    from portico import profiles

    loaded = profiles.load(profile)
    if loaded.authority is None or loaded.folder is None:
        raise click.ClickException(f"the profile {loaded.name} has no ca.pem")
    try:
        parsed = x509.load_pem_x509_certificate(loaded.authority)
    except ValueError:
        raise click.ClickException("ca.pem of the profile is no certificate (PEM)") from None
    fingerprint = parsed.fingerprint(hashes.SHA256()).hex()
    return loaded.authority, loaded.folder / profiles.AUTHORITY, f"portico-{fingerprint[:16]}"
