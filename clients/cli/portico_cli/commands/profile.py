"""`portico profile`: how platforms are reached."""

from __future__ import annotations

from typing import Any

import click

from portico_cli import output
from portico_cli.groups import Group

_output_option = click.option(
    "--output", "kind", type=click.Choice(["text", "json"]), default="text", help="How to answer."
)


@click.group(cls=Group)
def profile() -> None:
    """Profiles: address, account, certificate and token of a platform, in a folder each.

    \b
    Examples:
      portico profile list
      PORTICO_PROFILE=staging portico objects ls
    """


@profile.command("list")
@_output_option
def list_profiles(kind: str) -> None:
    """List the profiles in your configuration folder; the one in use is marked."""
    from portico import profiles
    from portico.errors import ProfileError

    in_use = profiles.folder_of()
    rows = []
    for name in profiles.names():
        folder = profiles.profiles_folder() / name
        try:
            address = profiles.address_of(folder)
        except ProfileError as error:  # the others are shown all the same
            address = ""
            click.echo(f"portico: {output.escaped(error.message)}", err=True)
        rows.append({"name": name, "inUse": folder == in_use, "address": address, "folder": str(folder)})
    if kind == "json":
        output.show_json(rows)
    elif rows:
        table = [
            ["*" if row["inUse"] else "", *(str(row[key]) for key in ("name", "address", "folder"))] for row in rows
        ]
        output.table(["", "name", "address", "folder"], table)
    else:
        click.echo(f"no profiles in {profiles.profiles_folder()}; `portico up` writes one", err=True)


@profile.command()
@click.argument("name", required=False)
@_output_option
def show(name: str | None, kind: str) -> None:
    """Show a profile, by default the one in use. Secrets are not shown.

    \b
    Examples:
      portico profile show
      portico profile show staging --output json
    """
    from portico import profiles

    found = profiles.load(name)
    shown: dict[str, Any] = {
        "name": found.name,
        "folder": str(found.folder),
        "address": found.address,
        "webAddress": found.web_address,
        "s3Address": found.s3_address,
        "account": found.account,
        "data": str(found.data or ""),
        "certificate": "client.pem" if found.certificate else "",
        "token": "given by PORTICO_TOKEN" if found.fixed_token else "token" if found.token else "",
    }
    output.show_json(shown) if kind == "json" else output.show_fields(shown)
