"""`portico objects usage`: what an account uses in a month, and what that costs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects

if TYPE_CHECKING:
    from portico.objects.v1.usage_pb2 import UsageReport


_MONTH = re.compile(r"2[0-9]{3}-(0[1-9]|1[0-2])")


def _month(context: click.Context, parameter: click.Parameter, given: str) -> str:
    if given and not _MONTH.fullmatch(given):
        raise click.BadParameter("must be a month as 2026-11")
    return given


@objects.command()
@click.option(
    "--month", metavar="YYYY-MM", default="", callback=_month, help="Which month, UTC. This one, if left out."
)
@calls_platform
def usage(caller: Caller, month: str) -> None:
    """Tell what was used in a month, bucket by bucket, and what it costs at the prices of R2's beginning.

    Operations come into it ten seconds late, what is stored half a minute, GB-months once an hour. Class A changes or
    lists, class B reads; to delete is free.

    \b
    Examples:
      portico objects usage
      portico objects usage --month 2026-11
      portico objects usage --output json
    """
    report = caller.client.object_usage.report(month)
    output.show_json(report) if caller.json else _show(report)


def _show(report: UsageReport) -> None:
    from portico.objects.v1.usage_pb2 import Charge

    until = output.moment(report.end_time)
    click.echo(f"{report.month}, up to {until}")
    columns: list[output.Column] = [
        ("bucket", lambda one: one.bucket.rpartition("/")[2] or "(no bucket)"),
        (">class A", lambda one: f"{one.class_a_operations:,}"),
        (">class B", lambda one: f"{one.class_b_operations:,}"),
        (">GB-months", lambda one: one.gigabyte_months),
        (">bytes sent", lambda one: f"{one.egress_bytes:,}"),
        (">objects", lambda one: f"{one.objects:,}"),
        (">bytes", lambda one: f"{one.size_bytes:,}"),
    ]
    output.show_items(report.buckets, columns, as_json=False, nothing="nothing was used")
    if report.further_buckets:
        click.echo(f"and {report.further_buckets:,} further buckets, which are in the price")
    click.echo()
    lines: list[output.Column] = [
        ("charge", lambda line: Charge.Kind.Name(line.kind).removeprefix("KIND_").lower().replace("_", " ")),
        (">used", lambda line: line.used),
        (">free", lambda line: line.free),
        (">charged", lambda line: line.charged),
        (">dollars", lambda line: line.amount),
    ]
    output.show_items(report.charges, lines, as_json=False)
    click.echo(f"{report.amount} dollars in all")
