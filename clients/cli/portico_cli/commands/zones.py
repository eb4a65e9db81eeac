"""`portico zones`: the domains of the account."""

from __future__ import annotations

from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.domains import ZONE
from portico_cli.groups import Group


@click.group(cls=Group)
def zones() -> None:
    """Domains of the account. A zone is pending until the DNS says that the domain is yours.

    \b
    Examples:
      portico zones create example.com
      portico zones verify example.com
      portico zones list
    """


@zones.command("list")
@click.option("--prefix", default="", help="Only domains that begin with this.")
@calls_platform
def list_zones(caller: Caller, prefix: str) -> None:
    """List the zones that you may see.

    \b
    Examples:
      portico zones list
      portico zones list --prefix shop --output json
    """
    columns: list[output.Column] = [
        ("zone", lambda zone: zone.domain),
        ("state", _state),
        ("created", lambda zone: output.moment(zone.create_time)),
        ("", lambda zone: zone.display_name),
    ]
    none = "no zones that you may see; `portico zones create DOMAIN` makes one"
    output.show_items(caller.client.zones.list(prefix=prefix), columns, as_json=caller.json, nothing=none)


@zones.command()
@click.argument("zone", type=ZONE)
@calls_platform
def get(caller: Caller, zone: str) -> None:
    """Show what is known of a zone.

    \b
    Examples:
      portico zones get example.com
    """
    _show(caller, caller.client.zones.get(zone))


@zones.command()
@click.argument("zone")
@click.option("--display-name", default="", metavar="TEXT", help="What people call it.")
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@calls_platform
def create(caller: Caller, zone: str, display_name: str, description: str) -> None:
    """Create a zone, and say how to prove that the domain is yours.

    \b
    Examples:
      portico zones create example.com
      portico zones create xn--mller-kva.example --display-name Müller
    """
    from portico.dns.v1.zones_pb2 import Zone

    made = caller.client.zones.create(zone, Zone(display_name=display_name, description=description))
    if caller.json:
        output.show_json(made)
        return
    click.echo(f"created {made.domain}, pending. To prove that it is yours, make a record")
    click.echo(f'  {made.challenge_name}. TXT "{made.challenge_token}"')
    if made.name_servers:
        click.echo(f"or delegate it to {', '.join(made.name_servers)};")
    click.echo(f"then `portico zones verify {made.domain}`")


@zones.command()
@click.argument("zone", type=ZONE)
@click.option("--by", type=click.Choice(["txt", "delegation"]), help="By which proof.  [either]")
@calls_platform
def verify(caller: Caller, zone: str, by: str | None) -> None:
    """Ask the DNS whether the domain is yours, and make the zone active.

    \b
    Examples:
      portico zones verify example.com
      portico zones verify example.com --by delegation
    """
    from portico.dns.v1.zones_pb2 import VerificationMethod

    proof = getattr(VerificationMethod, f"VERIFICATION_METHOD_{by.upper() if by else 'UNSPECIFIED'}")
    verified = caller.client.zones.verify(zone, proof=proof)
    output.show_json(verified) if caller.json else click.echo(f"{verified.domain} is {_state(verified)}")


@zones.command()
@click.argument("zone", type=ZONE)
@click.option("--pause/--resume", default=None, help="Serve its records no more, or again.")
@click.option("--display-name", metavar="TEXT", help="What people call it.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option("--etag", default="", help="Only if nobody has changed it since.")
@calls_platform
def update(
    caller: Caller, zone: str, pause: bool | None, display_name: str | None, description: str | None, etag: str
) -> None:
    """Change what is said of a zone, pause or resume it.

    \b
    Examples:
      portico zones update example.com --pause
      portico zones update example.com --display-name 'The shop'
    """
    if pause is None and display_name is None and description is None:
        raise click.UsageError("say what to change: --pause, --resume, --display-name, --description")
    changed = caller.client.zones.update(
        zone, paused=pause, display_name=display_name, description=description, etag=etag
    )
    _show(caller, changed)


@zones.command()
@click.argument("zone", type=ZONE)
@click.option("--force", is_flag=True, help="Delete its records too. Nothing brings them back.")
@click.option("--etag", default="", help="Only if nobody has changed it since.")
@calls_platform
def delete(caller: Caller, zone: str, force: bool, etag: str) -> None:
    """Delete a zone.

    \b
    Examples:
      portico zones delete example.com
      portico zones delete example.com --force
    """
    caller.client.zones.delete(zone, force=force, etag=etag)
    output.show_json({"deleted": zone}) if caller.json else click.echo(f"deleted {zone}")


def _state(zone: Any) -> str:
    from portico.dns.v1.zones_pb2 import ZoneState

    return ZoneState.Name(zone.state).removeprefix("ZONE_STATE_").lower()


def _show(caller: Caller, zone: Any) -> None:
    if caller.json:
        output.show_json(zone)
        return
    from portico.dns.v1.zones_pb2 import VerificationMethod

    fields = {
        "zone": zone.domain,
        "name": zone.name,
        "state": _state(zone),
        "display name": zone.display_name,
        "description": zone.description,
        "created": output.moment(zone.create_time),
        "changed": output.moment(zone.update_time),
        "serial": str(zone.serial),
        "etag": zone.etag,
    }
    if zone.HasField("verify_time"):
        proof = VerificationMethod.Name(zone.verified_by).removeprefix("VERIFICATION_METHOD_").lower()
        fields["verified"] = f"{output.moment(zone.verify_time)} by {proof}"
    fields["challenge"] = f'{zone.challenge_name}. TXT "{zone.challenge_token}"'
    fields["name servers"] = ", ".join(zone.name_servers)
    output.show_fields(fields)
