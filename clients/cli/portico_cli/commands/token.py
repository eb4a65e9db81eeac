"""`portico token`: print one, take some back, replace the key that signs them."""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.groups import Group
from portico_cli.revocations import show_all_revocations, show_revocation, show_revocations
from portico_cli.settings import settings_of_running, settings_options

_OWN_ID = re.compile(r"[A-Za-z0-9_-]{22}|api\.[A-Za-z0-9_-]{43}")  # 16 random bytes in base64url; an API token's


@click.group(cls=Group, invoke_without_command=True)
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
      portico token revoke --principal backup
      curl --cacert ca.pem --cert client.pem --key client.key \\
           -H "authorization: Bearer $(portico token)" https://127.0.0.1:8443/v1/accounts/default/buckets
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    if subject or ttl or bind:
        made = caller.client.credentials.create_token(subject=subject, ttl_seconds=ttl, bind_certificate=bind)
        output.show_json(made) if caller.json else click.echo(made.token)
        return
    own = caller.client.credentials.token()
    output.show_json({"token": own}) if caller.json else click.echo(own)


@token.command()
@click.argument("given", required=False, default="", metavar="[ID|-]")
@click.option("--principal", default="", metavar="PRINCIPAL", help="All tokens of the principal issued until now.")
@click.option("--foreign", is_flag=True, help="The ID is of another issuer's token, of whatever form.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever asks later.")
@calls_platform
def revoke(caller: Caller, given: str, principal: str, foreign: bool, reason: str) -> None:
    """Revoke a token, given by its id (`jti`) or on standard input (`-`), or all of a --principal.

    From the answer on it is refused, on connections that are open, too.

    \b
    Examples:
      portico token revoke - < stolen-token
      portico token revoke qvZAfTn5pD0wWlLuLwPqJw --reason "laptop lost"
      portico token revoke --principal backup
    """
    if bool(given) == bool(principal):
        raise click.UsageError("name one token, or a --principal")
    if principal:
        revoked = caller.client.credentials.revoke_principal_tokens(principal, reason=reason)
    else:
        token_id, expires_at = _id_and_end(sys.stdin.read().strip() if given == "-" else given, foreign=foreign)
        revoked = caller.client.credentials.revoke_token(token_id, expires_at=expires_at, reason=reason)
    show_revocation(caller, revoked)


@token.command()
@click.option("--all", "of_all", is_flag=True, help="Of every account, on the platform's machine: for its operator.")
@settings_options()
@calls_platform
def revocations(caller: Caller, of_all: bool, **flags: Any) -> None:
    """List what has been revoked, tokens and certificates of the account, and is still in force.

    \b
    Examples:
      portico token revocations
      portico token revocations --all --data ./data
    """
    if of_all:
        show_all_revocations(settings_of_running(flags).data, as_json=caller.json)
    elif any(flags.values()):
        raise click.UsageError("--data and --config say which platform on this machine: they go with --all")
    else:
        show_revocations(caller)


@token.command()
@click.argument("given", metavar="-")
@calls_platform
def introspect(caller: Caller, given: str) -> int:
    """Tell what a token, on standard input (`-`), is worth now: its claims, or that it is not active (exit code 1).

    \b
    Examples:
      portico token | portico token introspect -
    """
    told = caller.client.credentials.introspect_token(_from_input(given))
    click.echo(json.dumps(told) if caller.json else json.dumps(told, indent=2))
    return 0 if told["active"] else 1


@token.command()
@click.argument("given", metavar="-")
@calls_platform
def exchange(caller: Caller, given: str) -> None:
    """Exchange a token, on standard input (`-`), for one of the same subject that is bound to this certificate.

    It holds no longer than the one given. For another principal's it takes the permission gateway.token.create on the
    principal, and the new token says who acts for it.

    \b
    Examples:
      portico token exchange - < callers-token
    """
    made = caller.client.credentials.exchange_token(_from_input(given))
    told = {"token": made.token, "expiresInSeconds": made.expires_in_seconds}
    click.echo(json.dumps(told) if caller.json else made.token)


@token.command("rotate-key")
@settings_options()
@click.option("--discard", is_flag=True, help="Remove all other keys: every token of before is refused at once.")
def rotate_key(discard: bool, **flags: Any) -> int:
    """Make a new key that signs tokens, on this machine. Tokens of the other keys stay good until they expire.

    No call fails: the key signs ten seconds after all processes believe it. Keys that no token can be of any more
    are removed. With --discard, for when a key may be in other hands, clients must get new tokens by their
    certificates, which the SDK and this command do by themselves.

    \b
    Examples:
      portico token rotate-key
      portico token rotate-key --discard --data ./data
    """
    from portico_server.host.supervisor import rotate_token_key

    settings = settings_of_running(flags)
    try:
        told = rotate_token_key(settings, discard=discard)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo("a new key signs tokens" if told else "a new key signs tokens at the next start")
    return 0


def _from_input(given: str) -> str:
    """A token never stands on a command line, where all users of the machine read it."""
    if given != "-":
        raise click.UsageError("give the token on standard input: `-`")
    return sys.stdin.read().strip().removeprefix("Bearer ")


def _id_and_end(given: str, *, foreign: bool) -> tuple[str, float | None]:
    """The id of a token, and when it expires, if that can be told. A token itself never leaves this machine."""
    given = given.removeprefix("Bearer ")
    if given.count(".") != 2:
        if not foreign and not _OWN_ID.fullmatch(given):
            raise click.BadParameter(
                "this is neither a token nor the id (`jti`) of one of this platform: give the token by standard input "
                "(`-`), its id, with --foreign the id of another issuer's token, or --principal for all of somebody's"
            )
        return given, None
    payload = given.split(".")[1]
    try:
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["jti"]), float(claims["exp"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise click.BadParameter("this is no token with an id (`jti`) and an end (`exp`)") from None
