"""Zones and records as the command line names them, and what records say as a zone file has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from portico_cli.output import quoted

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

TYPES = ("A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA", "NS")
_WORDS = {
    "MX": "PREFERENCE SERVER, as 10 mail.example.com",
    "SRV": "PRIORITY WEIGHT PORT HOST, as 1 1 443 host.example.com",
    "CAA": "FLAGS TAG VALUE, as 0 issue ca.example.net",
}
_RECORD_ID = re.compile(r"[0-9a-f]{32}")


class _Zone(click.ParamType[str]):
    """A zone as a command's argument: its domain, or its full name."""

    name = "zone"

    def shell_complete(self, context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from portico_cli.completing import zones

        return zones(begun, context.params.get("profile"))


ZONE = _Zone()


def domain_of(zone: str) -> str:
    """The domain of a zone that is given by it or by its full name."""
    return zone.rpartition("/")[2]


def owner(zone: str, given: str) -> str:
    """The full name that a record is of: `@`, a name that ends in the zone's domain, or one that stands before it."""
    domain, bare = domain_of(zone), given.removesuffix(".")
    if given == "@" or bare == domain or bare.endswith("." + domain):
        return bare
    return given if given.endswith(".") else f"{given}.{domain}"


def record_name(zone: str, given: str, zone_name: str) -> str:
    """The full name of a record that is given by its id. Raises click.BadParameter."""
    if "/records/" in given:
        return given
    if not _RECORD_ID.fullmatch(given):
        raise click.BadParameter(
            f"{quoted(given)} is no record's id: 32 hex digits, as `portico dns list {domain_of(zone)}` shows them"
        )
    return f"{zone_name}/records/{given}"


def set_data(record: Any, kind: str, words: Sequence[str]) -> None:
    """Sets what a record says from the words of a command line. Raises click.BadParameter."""
    form = _WORDS.get(kind)
    if len(words) != (len(form.partition(",")[0].split()) if form else 1):
        raise click.BadParameter(f"a record of type {kind} says {form or 'one thing'}")
    match kind:
        case "MX":
            record.mx.preference, record.mx.exchange = _number(words[0]), words[1]
        case "SRV":
            srv = record.srv
            srv.priority, srv.weight, srv.port, srv.target = *map(_number, words[:3]), words[3]
        case "CAA":
            record.caa.flags, record.caa.tag, record.caa.value = _number(words[0]), words[1], words[2]
        case _:
            setattr(record, kind.lower(), words[0])


def data(record: Any) -> str:
    """What a record says, as the words of a command line."""
    match given := record.WhichOneof("data"):
        case "mx":
            return f"{record.mx.preference} {record.mx.exchange}"
        case "srv":
            return f"{record.srv.priority} {record.srv.weight} {record.srv.port} {record.srv.target}"
        case "caa":
            return f"{record.caa.flags} {record.caa.tag} {record.caa.value}"
        case _:
            return str(getattr(record, given)) if given else ""


def _number(word: str) -> int:
    if not word.isascii() or not word.isdigit() or int(word) > 0xFFFF:
        raise click.BadParameter(f"{quoted(word)} is no number from 0 to 65535")
    return int(word)
