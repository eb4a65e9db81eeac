"""`portico access`: secrets of service accounts, and API tokens."""

from __future__ import annotations

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.access.group import access
from portico_cli.commands.access.shared import full_name, made
from portico_cli.kinds import KINDS, OfKind

_DAYS = click.IntRange(1, 400)
_DAY_SECONDS = 24 * 3600
_SERVICE_ACCOUNT = OfKind("service-accounts")


@access.command()
@click.argument("service_account", type=_SERVICE_ACCOUNT)
@click.option("--days", type=_DAYS, help="How long it is good.  [for ever]")
@calls_platform
def secret(caller: Caller, service_account: str, days: int | None) -> None:
    """Make a secret of a service account, which is shown once.

    \b
    Examples:
      portico access secret nightly --days 90
    """
    parent = full_name(caller, KINDS["service-accounts"], service_account)
    given = {"ttl": {"seconds": days * _DAY_SECONDS}} if days else {}
    answer = caller.client.access.call("CreateClientSecret", parent=parent, **given)
    made(caller, answer, f"made {answer.client_secret.name}")


@access.command()
@click.argument("service_account", type=_SERVICE_ACCOUNT)
@calls_platform
def secrets(caller: Caller, service_account: str) -> None:
    """List the secrets of a service account: when each was made and how long it is good, not what it is.

    \b
    Examples:
      portico access secrets nightly
    """
    parent = full_name(caller, KINDS["service-accounts"], service_account)
    columns: list[output.Column] = [
        ("secret", lambda item: item.name.rpartition("/")[2]),
        ("made", lambda item: output.moment(item.create_time)),
        ("until", lambda item: output.moment(item.expire_time)),
    ]
    found = caller.client.access.list("ListClientSecrets", parent=parent)
    output.show_items(found, columns, as_json=caller.json, nothing="none")


@access.command("delete-secret")
@click.argument("service_account", type=_SERVICE_ACCOUNT)
@click.argument("secret_id", metavar="SECRET")
@calls_platform
def delete_secret(caller: Caller, service_account: str, secret_id: str) -> None:
    """Delete a secret of a service account, by the id that `secrets` shows. It is good no more from then on.

    \b
    Examples:
      portico access delete-secret nightly 0a1b2c3d4e5f
    """
    parent = full_name(caller, KINDS["service-accounts"], service_account)
    name = secret_id if "/" in secret_id else f"{parent}/secrets/{secret_id}"
    made(caller, caller.client.access.call("DeleteClientSecret", name=name), f"deleted {name}")


@access.command()
@click.argument("id", metavar="ID")
@click.option(
    "--role", "roles", multiple=True, required=True, type=OfKind("permission-groups"), help="What; may be repeated."
)
@click.option(
    "--on", multiple=True, required=True, metavar="GROUP", type=OfKind("resource-groups"), help="On what; likewise."
)
@click.option("--days", type=_DAYS, default=90, show_default=True, help="How long it is good.")
@click.option("--from", "networks", multiple=True, metavar="NETWORK", help="Only from there, as 203.0.113.0/24.")
@calls_platform
def token(
    caller: Caller, id: str, roles: tuple[str, ...], on: tuple[str, ...], days: int, networks: tuple[str, ...]
) -> None:
    """Make an API token, which can do that and no more than you at that moment; it is shown once.

    \b
    Examples:
      portico access token ci --role objects --on photos --days 30
    """
    policy = {
        "access": "ACCESS_ALLOW",
        "permission_groups": [full_name(caller, KINDS["permission-groups"], role) for role in roles],
        "resource_groups": [full_name(caller, KINDS["resource-groups"], group) for group in on],
    }
    answer = caller.client.access.call(
        "CreateApiToken",
        api_token_id=id,
        api_token={"policies": [policy], "source_cidrs": networks},
        ttl={"seconds": days * _DAY_SECONDS},
    )
    made(caller, answer, f"created {answer.api_token.name}")


@access.command()
@click.argument("id", metavar="ID", type=OfKind("tokens"))
@calls_platform
def roll(caller: Caller, id: str) -> None:
    """Give an API token of yours another secret, which is shown once; the old one is good no more.

    \b
    Examples:
      portico access roll ci
    """
    answer = caller.client.access.call("RollApiToken", name=full_name(caller, KINDS["tokens"], id))
    made(caller, answer, f"rolled {answer.api_token.name}")


@access.command()
@click.argument("id", metavar="ID", type=OfKind("tokens"))
@calls_platform
def revoke(caller: Caller, id: str) -> None:
    """Revoke an API token: it is deleted, and good no more from then on.

    \b
    Examples:
      portico access revoke ci
    """
    name = full_name(caller, KINDS["tokens"], id)
    made(caller, caller.client.access.call("DeleteApiToken", name=name), f"revoked {name}")
