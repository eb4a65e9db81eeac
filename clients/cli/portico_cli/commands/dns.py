"""`portico dns`: the records of a zone."""

from __future__ import annotations

import io
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.domains import TYPES, ZONE, data, owner, record_name, set_data
from portico_cli.groups import Group

_KIND = click.Choice(TYPES, case_sensitive=False)
_TTL = click.IntRange(1, 86_400)
_MOST_SHOWN = 50


@click.group(cls=Group)
def dns() -> None:
    """Records of a zone. A NAME is @ for the zone itself, www, or www.example.com.

    \b
    Examples:
      portico dns create example.com A www 192.0.2.1
      portico dns create example.com MX @ 10 mail.example.com
      portico dns list example.com
      portico dns export example.com example.com.zone
    """


@dns.command("list")
@click.argument("zone", type=ZONE)
@click.option("--type", "kind", type=_KIND, help="Only records of this type.")
@click.option("--name", default="", help="Only records of exactly this name.")
@calls_platform
def list_records(caller: Caller, zone: str, kind: str | None, name: str) -> None:
    """List the records that you may see.

    \b
    Examples:
      portico dns list example.com
      portico dns list example.com --type MX
      portico dns list example.com --name www --output json
    """
    from portico.dns.v1.records_pb2 import RecordType

    wanted = getattr(RecordType, f"RECORD_TYPE_{kind or 'UNSPECIFIED'}")
    found = caller.client.records.list(zone, type=wanted, domain_name=owner(zone, name) if name else "")
    columns: list[output.Column] = [
        ("name", lambda record: record.domain_name),
        (">ttl", _ttl),
        ("type", _kind),
        ("says", lambda record: data(record) + (" (proxied)" if record.proxied else "")),
        ("id", lambda record: record.name.rpartition("/")[2]),
        ("", lambda record: record.comment),
    ]
    output.show_items(found, columns, as_json=caller.json, nothing=f"no records in {zone} that you may see")


@dns.command()
@click.argument("zone", type=ZONE)
@click.argument("record")
@calls_platform
def get(caller: Caller, zone: str, record: str) -> None:
    """Show what is known of a record, which is given by its id.

    \b
    Examples:
      portico dns get example.com 0653f7b4f0b3c2d1e0f9a8b7c6d5e4f3
    """
    _show(caller, caller.client.records.get(_named(caller, zone, record)))


@dns.command()
@click.argument("zone", type=ZONE)
@click.argument("kind", metavar="TYPE", type=_KIND)
@click.argument("name")
@click.argument("words", metavar="VALUE…", nargs=-1, required=True)
@click.option("--ttl", type=_TTL, help="How long answers may be kept, in seconds: 60 to 86400.  [automatic]")
@click.option("--proxied", is_flag=True, help="Traffic is to go through the platform.")
@click.option("--comment", default="", metavar="TEXT", help="For people.")
@calls_platform
def create(
    caller: Caller, zone: str, kind: str, name: str, words: tuple[str, ...], ttl: int | None, **said: Any
) -> None:
    """Create a record. Its VALUE is that of a zone file.

    \b
    Examples:
      portico dns create example.com A @ 192.0.2.1 --ttl 300
      portico dns create example.com TXT @ 'v=spf1 -all'
      portico dns create example.com SRV _sip._tcp 1 1 5060 sip.example.com
      portico dns create example.com CAA @ 0 issue ca.example.net
    """
    from portico.dns.v1.records_pb2 import Record

    wanted = Record(domain_name=owner(zone, name), ttl_seconds=ttl or 0, **said)
    set_data(wanted, kind, words)
    made = caller.client.records.create(zone, wanted)
    output.show_json(made) if caller.json else click.echo(f"created {_line(made)}, {made.name.rpartition('/')[2]}")


@dns.command()
@click.argument("zone", type=ZONE)
@click.argument("record")
@click.argument("words", metavar="VALUE…", nargs=-1)
@click.option("--name", help="The name that it is of from now on.")
@click.option("--ttl", type=_TTL, help="How long answers may be kept, in seconds; 1: automatic.")
@click.option("--proxied/--not-proxied", default=None, help="Whether traffic is to go through the platform.")
@click.option("--comment", metavar="TEXT", help="For people.")
@click.option("--etag", default="", help="Only if nobody has changed it since.")
@calls_platform
def update(caller: Caller, zone: str, record: str, words: tuple[str, ...], etag: str, **changes: Any) -> None:
    """Change a record, which is given by its id: its VALUE, or what options say.

    \b
    Examples:
      portico dns update example.com 0653f7b4f0b3c2d1e0f9a8b7c6d5e4f3 192.0.2.7
      portico dns update example.com 0653f7b4f0b3c2d1e0f9a8b7c6d5e4f3 --ttl 60
    """
    from portico.dns.v1.records_pb2 import Record

    wanted = Record(name=_named(caller, zone, record), etag=etag)
    fields = []
    if words:
        kind = _kind(caller.client.records.get(wanted.name))
        set_data(wanted, kind, words)
        fields.append(kind.lower())
    if changes["name"] is not None:
        changes["name"] = owner(zone, changes["name"])
    for option, field in (
        ("name", "domain_name"),
        ("ttl", "ttl_seconds"),
        ("proxied", "proxied"),
        ("comment", "comment"),
    ):
        if changes[option] is not None:
            setattr(wanted, field, changes[option])
            fields.append(field)
    if not fields:
        raise click.UsageError("say what to change: a VALUE, --name, --ttl, --proxied, --comment")
    _show(caller, caller.client.records.update(wanted, fields=fields))


@dns.command()
@click.argument("zone", type=ZONE)
@click.argument("records", metavar="RECORD…", nargs=-1, required=True)
@calls_platform
def delete(caller: Caller, zone: str, records: tuple[str, ...]) -> None:
    """Delete records, which are given by their ids: all of them, or none.

    \b
    Examples:
      portico dns delete example.com 0653f7b4f0b3c2d1e0f9a8b7c6d5e4f3
    """
    names = [_named(caller, zone, record) for record in records]
    if len(names) == 1:  # for that the right to one record is enough
        caller.client.records.delete(names[0])
    else:
        caller.client.records.batch(zone, deletes=names)
    if caller.json:
        output.show_json({"deleted": names})
        return
    for name in names:
        click.echo(f"deleted {name.rpartition('/')[2]}")


@dns.command("import")
@click.argument("zone", type=ZONE)
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--replace", is_flag=True, help="Delete what the zone has and the file lacks.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@calls_platform
def import_file(caller: Caller, zone: str, file: io.TextIOBase, replace: bool, dry_run: bool) -> None:
    """Read a zone file (- for standard input) into a zone: all of it, or nothing.

    \b
    Examples:
      portico dns import example.com example.com.zone --dry-run
      portico dns import example.com example.com.zone --replace
    """
    from portico.dns.v1.records_pb2 import RecordChange

    try:
        text = file.read()
    except UnicodeDecodeError:
        raise click.BadParameter("the file is not UTF-8") from None
    answer = caller.client.records.import_file(zone, text, replace=replace, dry_run=dry_run)
    if caller.json:
        output.show_json(answer)
        return
    for change in answer.changes[:_MOST_SHOWN]:
        action = RecordChange.Action.Name(change.action).removeprefix("ACTION_").lower()
        click.echo(f"{action} {_line(change.record)}")
    counts = (answer.created_count, answer.updated_count, answer.deleted_count)
    if sum(counts) > _MOST_SHOWN:
        click.echo(f"… and {sum(counts) - _MOST_SHOWN} more")
    done = "would be " if dry_run else ""
    told = ", ".join(f"{n} {done}{what}" for n, what in zip(counts, ("created", "changed", "deleted"), strict=True))
    click.echo(f"{told}; {answer.unchanged_count} as they were, {answer.skipped_count} passed over")


@dns.command()
@click.argument("zone", type=ZONE)
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=True), default="-")
@calls_platform
def export(caller: Caller, zone: str, file: io.TextIOBase) -> None:
    """Write a zone as a zone file, to standard output if no other is named.

    \b
    Examples:
      portico dns export example.com
      portico dns export example.com example.com.zone
    """
    text = caller.client.records.export_file(zone)
    output.show_json({"zoneFile": text}) if caller.json else file.write(text)


def _named(caller: Caller, zone: str, record: str) -> str:
    account = caller.client.profile.account
    full = zone if "/" in zone else f"accounts/{account}/zones/{zone}"
    return record_name(zone, record, full)


def _kind(record: Any) -> str:
    from portico.dns.v1.records_pb2 import RecordType

    return RecordType.Name(record.type).removeprefix("RECORD_TYPE_")


def _ttl(record: Any) -> str:
    return "auto" if record.ttl_seconds == 1 else str(record.ttl_seconds)


def _line(record: Any) -> str:
    return output.escaped(f"{record.domain_name} {_ttl(record)} {_kind(record)} {data(record)}")


def _show(caller: Caller, record: Any) -> None:
    if caller.json:
        output.show_json(record)
        return
    output.show_fields(
        {
            "name": record.domain_name,
            "type": _kind(record),
            "says": data(record),
            "ttl": _ttl(record),
            "proxied": "yes" if record.proxied else "",
            "comment": record.comment,
            "created": output.moment(record.create_time),
            "changed": output.moment(record.update_time),
            "record": record.name,
            "etag": record.etag,
        }
    )
