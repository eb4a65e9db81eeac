"""`portico login`, `logout`, `whoami`: profiles that are not `portico up`'s own, for who has an API token or is a
service account."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform

if TYPE_CHECKING:
    from portico.profiles import Profile

_MAX_SECRET = 16 * 1024
_SECONDS = 10.0
"""For a question that can be asked again later."""


@click.command()
@click.argument("name")
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="The platform's web door, or, with a certificate, its API door; that of the profile in use if left out.",
)
@click.option(
    "--authority",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The platform's authority (ca.pem); that of the profile in use if left out.",
)
@click.option("--account", metavar="ACCOUNT", help="The account to work in; that of the profile in use if left out.")
@click.option(
    "--client-id", metavar="NAME", help="Log in as this service account: accounts/ACCOUNT/serviceAccounts/ID."
)
@click.option("--use-certificate", is_flag=True, help="Take the certificate of the profile in use along.")
def login(
    name: str,
    address: str | None,
    authority: Path | None,
    account: str | None,
    client_id: str | None,
    use_certificate: bool,
) -> None:
    """Log in: write the profile NAME, for an API token or, with --client-id, a secret of a service account.

    The token or secret is asked for, or read from standard input; it is never an argument, which all users of a machine
    can read. It is kept in the profile's folder, readable by you alone.

    \b
    Examples:
      portico login ci < photos.token
      portico login nightly --client-id accounts/default/serviceAccounts/nightly
      portico login far --address portico.example.com:9443 --authority ca.pem
      portico objects ls --profile ci
    """
    import dataclasses

    from portico import connect, profiles
    from portico.errors import ProfileError

    folder = profiles.folder_of(name)
    try:
        used = profiles.load()
    except ProfileError:
        if address is None:
            raise
        used = profiles.Profile(address="")
    _check_free(name)
    reached = address or (used.address if use_certificate else used.web_address)
    if not reached:
        raise click.UsageError("the profile in use names no web door: give --address")
    secret = _secret(client_id)
    made = profiles.Profile(
        address=reached,
        account=profiles.account_id(account, "--account") if account else used.account,
        name=folder.name,
        folder=folder,
        authority=authority.read_bytes() if authority else used.authority,
        certificate=used.certificate if use_certificate else None,
        key=used.key if use_certificate else None,
        token="" if client_id else secret,
        client_id=client_id or "",
        client_secret=secret if client_id else "",
        web_address=address or used.web_address,
        s3_address="" if address else used.s3_address,
    )
    with connect(dataclasses.replace(made, fixed_token=not client_id)) as client:
        principal = client.access.call("ListMyPermissions", page_size=1).principal
    made = dataclasses.replace(made, s3_address=made.s3_address or _s3_address(made))
    for stale in (profiles.TOKEN, profiles.SECRET, profiles.KEY, profiles.CERTIFICATE):
        (folder / stale).unlink(missing_ok=True)
    profiles.write(made)
    click.echo(f"logged in as {output.quoted(principal)}: use it with --profile {name}, or PORTICO_PROFILE={name}")


def _s3_address(made: Profile) -> str:
    """Where the platform says that its S3 door is; empty where it has none, or does not say."""
    from portico._oauth import s3_address
    from portico.errors import PorticoError

    try:
        return s3_address(made, _SECONDS)
    except PorticoError:
        return ""


def _check_free(name: str) -> None:
    """Whether the profile may be written: there is none of that name, or one that `login` wrote."""
    from portico import profiles

    if (profiles.folder_of(name) / "profile.toml").exists() and _by_certificate(profiles.load(name)):
        raise click.ClickException(f"the profile {name} logs in by its certificate: take another name")


def _by_certificate(profile: Profile) -> bool:
    from portico import profiles

    is_ours = bool(profile.client_secret) or profile.token.startswith(profiles.API_TOKEN_PREFIX)
    return profile.certificate is not None and not is_ours


def _secret(client_id: str | None) -> str:
    """From the terminal without an echo, or from standard input."""
    if sys.stdin.isatty():
        found = click.prompt("Secret" if client_id else "API token", hide_input=True, err=True)
    else:
        found = sys.stdin.read(_MAX_SECRET + 1)
    found = str(found).strip().removeprefix("Bearer ")
    if not found or len(found) > _MAX_SECRET or not found.isascii() or not found.isprintable() or " " in found:
        raise click.UsageError("that is no token or secret: it is one word of ASCII, as it was shown")
    return found


@click.command()
@click.argument("name")
def logout(name: str) -> None:
    """Log out: remove the token or secret of the profile NAME from this machine.

    It stays good elsewhere until it is deleted (portico access delete) or revoked (portico token revoke).

    \b
    Examples:
      portico logout ci
    """
    from portico import profiles

    folder = profiles.folder_of(name)
    found = profiles.load(name)
    if _by_certificate(found):
        raise click.ClickException(
            f"the profile {found.name} logs in by its certificate: remove {folder}, and see `portico cert revoke`"
        )
    for secret in (profiles.TOKEN, profiles.SECRET, profiles.KEY, profiles.CERTIFICATE, "profile.toml"):
        (folder / secret).unlink(missing_ok=True)
    click.echo(f"logged out: the profile {found.name} is gone from this machine")


@click.command()
@calls_platform
def whoami(caller: Caller) -> None:
    """Say whom the platform takes you for, and how that is proven.

    \b
    Examples:
      portico whoami
      portico whoami --profile ci --output json
    """
    from portico import profiles

    profile = caller.client.profile
    answer = caller.client.access.call("ListMyPermissions", page_size=1000)
    if profile.token.startswith(profiles.API_TOKEN_PREFIX):
        by = "an API token"
    else:
        by = f"a secret of {profile.client_id}" if profile.client_secret else "the profile's certificate"
    shown = {
        "principal": answer.principal,
        "account": f"accounts/{profile.account}",
        "by": by,
        "address": profile.address,
        "permissions": len(answer.permissions),
    }
    output.show_json(shown) if caller.json else output.show_fields({k: str(v) for k, v in shown.items()})
