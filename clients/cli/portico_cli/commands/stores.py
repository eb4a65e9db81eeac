"""`portico stores`: the stores of objects' bytes, as stores.toml of the data directory describes them."""

from __future__ import annotations

from typing import Any

import click

from portico_cli import output
from portico_cli.failures import ERROR
from portico_cli.groups import Group
from portico_cli.settings import settings_in_force, settings_of_platform, settings_options

_output_option = click.option(
    "--output", "kind", type=click.Choice(["text", "json"]), default="text", help="How to answer."
)


@click.group(cls=Group)
def stores() -> None:
    """Where objects' bytes are: in the data directory, and in stores that speak S3.

    \b
    Examples:
      portico stores ls
      portico stores check
      portico stores claim archive
    """


@stores.command()
@settings_options()
@_output_option
def ls(kind: str, **flags: Any) -> None:
    """List the stores, and where each is; the usual one is marked.

    \b
    Examples:
      portico stores ls
    """
    from portico_server import maintenance

    found = maintenance.stores_of_platform(settings_in_force(flags))
    rows = [{**found.local._asdict(), "endpoint": "", "bucket": "", "usual": found.default == found.local.name}]
    for one in found.others:
        where = {"endpoint": one.endpoint, "bucket": one.bucket, "usual": found.default == one.store.name}
        rows.append({**one.store._asdict(), **where})
    if kind == "json":
        output.show_json(rows)
        return
    titles = ["store", "location", "jurisdiction", "endpoint", "bucket", "usual"]
    output.table(
        titles,
        [
            [str(row["name"]), *(str(row[title]) for title in titles[1:5]), "yes" if row["usual"] else ""]
            for row in rows
        ],
    )


@stores.command()
@settings_options()
@_output_option
def check(kind: str, **flags: Any) -> int:
    """Ask each store outside whether it answers, and can be used as it is described; nothing is written there. And look
    whether bytes are in stores that are not described any more.

    \b
    Examples:
      portico stores check
    """
    from portico_server import maintenance

    settings = settings_of_platform(flags)
    found = maintenance.look_at_stores(settings)
    if kind == "json":
        output.show_json([one._asdict() for one in found])
    elif not found:
        click.echo(f"no store outside is described, and none has bytes: all are in {settings.data / 'blobs'}", err=True)
    else:
        rows = [[one.store, one.product, one.problem or "can be used", one.whose] for one in found]
        output.table(["store", "product", "state", "owner"], rows)
    return ERROR if any(one.problem for one in found) else 0


@stores.command()
@click.argument("store")
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_options()
def claim(store: str, yes: bool, **flags: Any) -> None:
    """Have this platform take over STORE, whoever has it now: that one writes and removes nothing there any more.

    For a platform that was restored from a backup, when the one it was made of is gone for good.

    \b
    Examples:
      portico stores claim archive
      portico stores claim archive --yes
    """
    from portico_server import maintenance

    settings = settings_of_platform(flags)
    maintenance.check_described(settings, store)
    if not yes:
        owners = [one.whose for one in maintenance.look_at_stores(settings) if one.store == store and one.owner]
        click.echo(f"{store} belongs to: {', '.join(owners) or 'nobody'}", err=True)
        click.confirm("Take it over? What another platform keeps there, this one will remove", abort=True, err=True)
    maintenance.claim_store(settings, store)
    click.echo(f"this platform takes over {store} at its next write there, within a minute if it runs")
