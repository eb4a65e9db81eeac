"""Zone files (RFC 1035, section 5): read entry by entry, and written.

Reading takes turns with the calls that are served: Python code of a large file's length must not hold them up. A single
entry is read in one go, so its length is bounded. $INCLUDE would read files of the server, and $GENERATE make many
records of one line: both are refused.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.ttl

from portico.dns.v1 import records_pb2
from portico_server.dns import rdata
from portico_server.dns.errors import InvalidZoneFile, ZoneFileTooLarge
from portico_server.dns.model import AUTOMATIC_TTL, AUTOMATIC_TTL_SECONDS, Record, Type, Zone
from portico_server.platform.turns import Turns

MAX_BYTES = 3 * 1024 * 1024
"""So that it fits into a message that every client takes."""
MAX_ENTRY_CHARACTERS = 16 * 1024
"""Of one entry with all its lines and comments: twice a TXT record of 2,048 bytes that are all escaped. Takes 20 ms."""
_SHOWN = 60
SOA_TIMES = (3600, 900, 1_209_600, 300)
"""Refresh, retry, expire and minimum of a zone's SOA record: seconds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a file: `record` without a name of its own, or None for what the platform itself says (SOA)."""

    line: int
    record: records_pb2.Record | None


async def read(text: str, zone: Zone, name_servers: Sequence[str]) -> AsyncIterator[Entry]:
    """The entries of a file. Raises InvalidZoneFile, which names the line."""
    reader, turns = _Reader(text, zone, frozenset(name_servers)), Turns()
    while not reader.ended:
        entry = reader.next()
        if entry is not None:
            yield entry
        await turns.offer()


class _Text:
    """The file as the tokenizer reads it, by characters; `too_long` is called where an entry has too many."""

    def __init__(self, text: str, too_long: Callable[[], None]) -> None:
        self._file = io.StringIO(text)
        self._too_long = too_long
        self.left = MAX_ENTRY_CHARACTERS

    def read(self, size: int) -> str:
        self.left -= size
        if self.left < 0:
            self._too_long()
        return self._file.read(size)


class _Reader:
    """Where the reading of a file stands: its origin, its TTL, and the owner of the entry before."""

    def __init__(self, text: str, zone: Zone, name_servers: frozenset[str]) -> None:
        self._text = _Text(text, self._too_long)
        self._tokens = dns.tokenizer.Tokenizer(self._text)
        self._zone = zone
        self._name_servers = name_servers
        self._origin = dns.name.from_text(zone.domain)
        self._apex = self._origin
        self._owner: dns.name.Name | None = None
        self._default_ttl_seconds: int | None = None
        self._last_ttl_seconds: int | None = None
        self._line = 1
        self.ended = False

    def next(self) -> Entry | None:
        """The next entry; None where a line is none: empty, a comment, a directive, or the file's end."""
        try:
            return self._next()
        except dns.exception.DNSException as error:
            raise self._wrong(str(error) or type(error).__name__) from None
        except (ValueError, UnicodeError, IndexError) as error:
            raise self._wrong(f"it cannot be read ({type(error).__name__})") from None

    def _next(self) -> Entry | None:
        self._text.left = MAX_ENTRY_CHARACTERS
        self._line = self._tokens.line_number
        token = self._tokens.get(want_leading=True)
        if token.is_whitespace():
            token = self._tokens.get()
            if not token.is_eol_or_eof():
                self._tokens.unget(token)
                return self._entry()
        if token.is_eof():
            self.ended = True
        elif token.is_eol():
            pass
        elif token.value.startswith("$") and not token.is_quoted_string():
            self._directive(token.value.upper())
        else:
            self._owner = self._tokens.as_name(token, self._origin)
            return self._entry()
        return None

    def _directive(self, name: str) -> None:
        if name == "$ORIGIN":
            self._origin = self._tokens.get_name(self._origin)
        elif name == "$TTL":
            self._default_ttl_seconds = dns.ttl.from_text(self._tokens.get_identifier())
        else:
            raise self._wrong(f"{_shown(name)} is not taken; write the records out")
        self._tokens.get_eol()

    def _entry(self) -> Entry:
        if self._owner is None:
            raise self._wrong("the first record has no name")
        ttl_seconds, kind = self._ttl_and_kind()
        found = dns.rdata.from_text(
            dns.rdataclass.IN, kind, self._tokens, self._origin, relativize=False, relativize_to=None
        )
        name = self._owner.to_text(omit_final_dot=True).lower()
        if kind == dns.rdatatype.SOA or self._is_our_name_server(kind, found):
            if self._owner != self._apex:
                raise self._wrong(f"there is one SOA record, of {self._zone.domain} itself")
            return Entry(self._line, None)
        ours = rdata.kind_of(kind)
        if ours is None:
            raise self._wrong(f"records of type {dns.rdatatype.to_text(kind)} are not kept")
        if not self._owner.is_subdomain(self._apex):
            raise self._wrong(f"{_shown(name)} is not in the zone {self._zone.domain}")
        if ttl_seconds is None:
            record = records_pb2.Record(domain_name=name, ttl_seconds=self._usual_ttl_seconds())
        else:
            self._last_ttl_seconds = ttl_seconds
            record = records_pb2.Record(domain_name=name, ttl_seconds=ttl_seconds or -1)
        rdata.fill(record, ours, found.to_digestable())
        return Entry(self._line, record)

    def _usual_ttl_seconds(self) -> int:
        """Of an entry without a TTL of its own; automatic where that is the same."""
        usual = self._default_ttl_seconds if self._default_ttl_seconds is not None else self._last_ttl_seconds
        return AUTOMATIC_TTL if usual in (None, AUTOMATIC_TTL_SECONDS) else usual or -1

    def _ttl_and_kind(self) -> tuple[int | None, dns.rdatatype.RdataType]:
        """What stands between the owner and the data: a TTL and the class, in either order, and the type."""
        ttl_seconds: int | None = None
        for _ in range(3):
            token = self._tokens.get()
            if not token.is_identifier():
                break
            value = token.value
            if value[:1].isdigit() and ttl_seconds is None:
                ttl_seconds = dns.ttl.from_text(value)
            elif value.upper() != "IN":
                return ttl_seconds, self._kind(value)
        raise self._wrong("there is no type; an entry is NAME TTL IN TYPE DATA")

    def _kind(self, text: str) -> dns.rdatatype.RdataType:
        if text.upper() in ("CH", "HS", "CS", "ANY"):
            raise self._wrong(f"the class {_shown(text)} is not kept; it is IN")
        try:
            return dns.rdatatype.from_text(text)
        except dns.exception.DNSException:
            raise self._wrong(f"{_shown(text)} is no type of records") from None

    def _is_our_name_server(self, kind: dns.rdatatype.RdataType, found: dns.rdata.Rdata) -> bool:
        """Whether it says what the platform says by itself: that the zone is at its name servers."""
        if kind != dns.rdatatype.NS or self._owner != self._apex:
            return False
        return found.to_text().lower().removesuffix(".") in self._name_servers

    def _too_long(self) -> None:
        raise self._wrong(
            f"the entry that begins here has more than {MAX_ENTRY_CHARACTERS} characters; close its "
            "parentheses and quotes, or shorten its comments"
        )

    def _wrong(self, what: str) -> InvalidZoneFile:
        return wrong(self._line, what)


def wrong(line: int, what: str) -> InvalidZoneFile:
    """That a line cannot be used."""
    return InvalidZoneFile(f"zone_file, line {line}: {what}", field="zone_file", line=str(line))


async def written(zone: Zone, records: Iterable[Record], name_servers: Sequence[str]) -> str:
    """The zone as a file, its records in the order given. Raises ZoneFileTooLarge."""
    records = list(records)
    mailbox, primary = f"hostmaster.{zone.domain}.", name_servers[0] if name_servers else f"ns.{zone.domain}"
    times = " ".join(map(str, SOA_TIMES))
    lines = [
        f"$ORIGIN {zone.domain}.",
        f"$TTL {AUTOMATIC_TTL_SECONDS}",
        f"@ IN SOA {primary}. {mailbox} {zone.serial % 2**32} {times}",
    ]
    if not any(record.type == Type.NS and record.domain_name == zone.domain for record in records):
        lines += [f"@ IN NS {server}." for server in name_servers]
    size_bytes, turns = 0, Turns()
    for record in records:
        lines.append(line_of(record))
        size_bytes += len(lines[-1]) + 1
        if size_bytes > MAX_BYTES:
            raise ZoneFileTooLarge(
                f"the zone makes a file of more than {MAX_BYTES} bytes; list its records instead", resource=zone.name
            )
        await turns.offer()
    return "\n".join(lines) + "\n"


def line_of(record: Record) -> str:
    """One record as a line of a file; an automatic TTL is left to the file's $TTL."""
    ttl = "" if record.ttl_seconds == AUTOMATIC_TTL else f"{record.ttl_seconds} "
    kind = dns.rdatatype.to_text(rdata.code(record.type))
    return f"{record.domain_name}. {ttl}IN {kind} {rdata.of_wire(record.type, record.rdata).to_text()}"


def _shown(text: str) -> str:
    seen = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return seen if len(seen) <= _SHOWN else f"{seen[:_SHOWN]}…"
