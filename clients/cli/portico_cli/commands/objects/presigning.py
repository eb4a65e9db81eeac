"""`portico objects presign`: URLs by which others reach one object for a while."""

from __future__ import annotations

import re

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.place_arguments import OBJECT
from portico_cli.remote import Remote

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,9})([smhd]?)")
_LONGEST_SECONDS = 7 * 86_400


def _seconds(context: click.Context, parameter: click.Parameter, given: str) -> int:
    found = _DURATION.fullmatch(given)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise click.BadParameter(f"{output.quoted(given)} is no time up to 7 days: `900`, `15m`, `12h`, `7d`")
    return seconds


@objects.command()
@click.argument("place", type=OBJECT)
@click.option(
    "--expires-in", default="1h", show_default=True, callback=_seconds, metavar="TIME", help="For how long: 7d at most."
)
@click.option(
    "--method",
    type=click.Choice(["GET", "PUT", "HEAD", "DELETE"], case_sensitive=False),
    default="GET",
    show_default=True,
    help="What may be done.",
)
@click.option("--version", "--version-id", "version_id", default="", metavar="ID", help="Of this version.")
@click.option("--content-type", default="", metavar="TYPE", help="Which media type the body of a PUT must be sent as.")
@click.option("--save-as", default="", metavar="NAME", help="Under which name browsers save what a GET answers.")
@calls_platform
def presign(
    caller: Caller, place: Remote, expires_in: int, method: str, version_id: str, content_type: str, save_as: str
) -> None:
    """Print a URL by which anybody may do one thing to one object for a while, at the S3 door.

    It is signed by an access key of yours, which the profile keeps; it ends with the key, and does not do what you may
    not. Whoever has the URL can use it: treat it as a secret.

    \b
    Examples:
      portico objects presign portico://photos/cat.jpg
      portico objects presign portico://photos/cat.jpg --expires-in 7d --save-as cat.jpg
      portico objects presign portico://inbox/report.pdf --method PUT --content-type application/pdf
    """
    from portico.presigning import presigned_url
    from portico_cli.s3_variables import door_of

    query = {"versionId": version_id} if version_id else {}
    if save_as:
        query["response-content-disposition"] = f"attachment; filename*=UTF-8''{_encoded(save_as)}"
    url = presigned_url(
        f"https://{door_of(caller.client.profile)}",
        place.bucket,
        place.key,
        caller.client.access.own_key(),
        method=method.upper(),
        expires_seconds=expires_in,
        query=query,
        headers={"content-type": content_type} if content_type else None,
    )
    output.show_json({"url": url, "method": method.upper(), "expiresInSeconds": expires_in}) if caller.json else (
        click.echo(url)
    )


def _encoded(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")
