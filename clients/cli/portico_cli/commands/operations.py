"""`portico operations`: work longer than a call."""

from __future__ import annotations

from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.groups import Group
from portico_cli.rules import operation_name, product


def _operation(context: click.Context, parameter: click.Parameter, given: str) -> str:
    return operation_name(given)


def _product(context: click.Context, parameter: click.Parameter, given: str) -> str:
    return product(given) if given else ""


@click.group(cls=Group)
def operations() -> None:
    """Work longer than a call, named operations/PRODUCT/ID.

    \b
    Examples:
      portico operations list
      portico operations wait operations/objects/1f0c…
    """


@operations.command()
@click.argument("name", callback=_operation)
@calls_platform
def get(caller: Caller, name: str) -> None:
    """Show an operation as it stands."""
    _show(caller, caller.client.operations.get(name))


@operations.command()
@click.argument("name", callback=_operation)
@calls_platform
def wait(caller: Caller, name: str) -> None:
    """Wait until an operation is done; fail as it failed."""
    _show(caller, caller.client.operations.wait(name))


@operations.command("list")
@click.argument("product", default="", callback=_product)
@calls_platform
def list_operations(caller: Caller, product: str) -> None:
    """List your operations: a product's, or those of all products.

    \b
    Examples:
      portico operations list
      portico operations list objects
    """
    from portico.errors import InvalidArgument, NotFound

    columns: list[output.Column] = [("operation", lambda item: item.name), ("state", _state)]
    found = caller.client.operations.list(product)
    try:
        output.show_items(
            found, columns, as_json=caller.json, nothing=f"no operations of {product}" if product else "no operations"
        )
    except InvalidArgument as error:
        if not any(item.field == "name" for item in error.violations):
            raise
        raise NotFound(f"no product {product} with operations runs here", reason="PRODUCT_NOT_FOUND") from None


@operations.command()
@click.argument("name", callback=_operation)
@calls_platform
def cancel(caller: Caller, name: str) -> None:
    """Ask an operation to stop; what it did stays done."""
    caller.client.operations.cancel(name)
    output.show_json({"cancelled": name}) if caller.json else click.echo(f"asked {name} to stop")


@operations.command()
@click.argument("name", callback=_operation)
@calls_platform
def delete(caller: Caller, name: str) -> None:
    """Forget an operation that is done."""
    caller.client.operations.delete(name)
    output.show_json({"deleted": name}) if caller.json else click.echo(f"forgot {name}")


def _show(caller: Caller, found: Any) -> None:
    if caller.json:
        output.show_json(found)
        return
    output.show_fields({"operation": found.name, "state": _state(found), "error": found.error.message})


def _state(found: Any) -> str:
    if not found.done:
        return "running"
    return "failed" if found.HasField("error") else "done"
