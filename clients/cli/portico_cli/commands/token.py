"""`portico token`."""

from __future__ import annotations

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform


@click.command()
@click.option(
    "--subject", default="", metavar="PRINCIPAL", help="For another principal of the account (needs permission)."
)
@click.option("--ttl", type=click.IntRange(60, 86_400), metavar="SECONDS", help="A new token that holds so long.")
@click.option("--bind", is_flag=True, help="A new token that is good only together with this client certificate.")
@calls_platform
def token(caller: Caller, subject: str, ttl: int | None, bind: bool) -> None:
    """Print a valid token: the profile's own, renewed if it must be, or a new one by --subject, --ttl or --bind.

    \b
    Examples:
      portico token
      portico token --ttl 300
      curl --cacert ca.pem --cert client.pem --key client.key \\
           -H "authorization: Bearer $(portico token)" https://127.0.0.1:8443/v1/accounts/default/buckets
    """
    if subject or ttl or bind:
        made = caller.client.credentials.create_token(subject=subject, ttl_seconds=ttl, bind_certificate=bind)
        output.show_json(made) if caller.json else click.echo(made.token)
        return
    own = caller.client.credentials.token()
    output.show_json({"token": own}) if caller.json else click.echo(own)
