"""What the DNS is answered from the records of active zones: with authority, and never for anybody else's names.

RFC 1034 4.3.2 for the order of things, RFC 4592 for wildcards, RFC 2308 for what is not there, RFC 8482 for ANY.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from portico_server.dns import domains, rdata
from portico_server.dns.model import Record, Type, Zone, ZoneState
from portico_server.dns.store import records as store
from portico_server.dns.store import zones as zone_store
from portico_server.dns.zone_files import SOA_TIMES
from portico_server.platform.database import Database

_IN = dns.rdataclass.IN
_MOST_ALIASES = 8
_SUFFIXES = (4, 16, 128)  # of a name, asked for at once; there are no more labels in one
_KEPT = re.compile(r"[a-z0-9_*-]+")
_NOBODYS = "?"
"""Stands for a label that no record has."""
_APEX_TTL_SECONDS = 3600
_NEGATIVE_TTL_SECONDS = SOA_TIMES[-1]
_TRANSFERS = frozenset((dns.rdatatype.AXFR, dns.rdatatype.IXFR))


@dataclass(slots=True)
class _Found:
    """What a name is answered with."""

    answer: list[dns.rrset.RRset] = field(default_factory=list)
    authority: list[dns.rrset.RRset] = field(default_factory=list)
    additional: list[dns.rrset.RRset] = field(default_factory=list)
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    authoritative: bool = True


class Answering:
    """Answers queries. `name_servers` are the platform's."""

    def __init__(self, database: Database, name_servers: Sequence[str]) -> None:
        self._database = database
        self._name_servers = name_servers

    async def answer(self, query: dns.message.Message) -> dns.message.Message:
        """The response to a query of one question; how large it may be is for others to see to."""
        response = dns.message.make_response(query)
        [question] = query.question
        if question.rdclass != _IN or question.rdtype in _TRANSFERS:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        zone = await self._zone_of(question.name)
        if zone is None or zone.state is not ZoneState.ACTIVE:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        found = await _Search(self._database, zone, self._name_servers).run(question.name, question.rdtype)
        response.set_rcode(found.rcode)
        if found.authoritative:
            response.flags |= dns.flags.AA
        response.answer, response.authority, response.additional = found.answer, found.authority, found.additional
        return response

    async def _zone_of(self, name: dns.name.Name) -> Zone | None:
        """The verified zone with the longest domain that the name ends in."""
        labels = _labels(name)
        suffixes = [".".join(labels[start:]) for start in range(len(labels)) if _NOBODYS not in labels[start:]]
        if not suffixes:
            return None
        size = next(size for size in _SUFFIXES if size >= len(suffixes))
        return await zone_store.serving(self._database, suffixes + suffixes[-1:] * (size - len(suffixes)))


class _Search:
    """One question to one zone."""

    def __init__(self, database: Database, zone: Zone, name_servers: Sequence[str]) -> None:
        self._database = database
        self._zone = zone
        self._name_servers = name_servers
        self._apex = dns.name.from_text(zone.domain)
        self._records: dict[str, list[Record]] = {}

    async def run(self, name: dns.name.Name, kind: int) -> _Found:
        found = _Found()
        seen: set[dns.name.Name] = set()
        while name not in seen and len(seen) < _MOST_ALIASES:
            seen.add(name)
            await self._read(name)
            if (cut := self._cut(name, kind)) is not None:
                if not found.answer:
                    await self._refer(found, cut)
                break
            records = await self._at(name)
            if records is None:
                found.rcode = dns.rcode.NXDOMAIN
                found.authority = [self._soa(_NEGATIVE_TTL_SECONDS)]
                break
            alias = [record for record in records if record.type == Type.CNAME]
            if not alias or kind in (dns.rdatatype.CNAME, dns.rdatatype.ANY):
                self._answer(found, name, kind, records)
                break
            found.answer.append(_rrset(name, alias))
            name = found.answer[-1][0].target
            if not name.is_subdomain(self._apex):
                break
        return found

    async def _read(self, name: dns.name.Name) -> None:
        """All that may be asked about the name at once: what stands at it, above it, and for all below those."""
        places = []
        while True:
            place = _place(name)
            places.append(place)
            if name == self._apex:
                break
            name = name.parent()
            places.append(_place(name) + " *")
        for record in await store.at(self._database, self._zone.name, places):
            self._records.setdefault(record.place, []).append(record)
        for place in places:
            self._records.setdefault(place, [])

    def _cut(self, name: dns.name.Name, kind: int) -> dns.name.Name | None:
        """Where the name is delegated to others, from the zone down."""
        for above in self._below_apex(name):
            if kind == dns.rdatatype.DS and above == name:
                return None
            if any(record.type == Type.NS for record in self._records[_place(above)]):
                return above
        return None

    def _below_apex(self, name: dns.name.Name) -> Iterator[dns.name.Name]:
        """The names from below the zone's own down to this one."""
        for labels in range(len(self._apex.labels) + 1, len(name.labels) + 1):
            yield name.split(labels)[1]

    async def _refer(self, found: _Found, cut: dns.name.Name) -> None:
        """Names the servers that the name is delegated to, with their addresses where they are ours."""
        servers = _rrset(cut, [record for record in self._records[_place(cut)] if record.type == Type.NS])
        found.authority, found.authoritative = [servers], False
        ours = {server.target for server in servers if server.target.is_subdomain(self._apex)}
        names = {_place(name): name for name in ours}
        glue: dict[tuple[str, int], list[Record]] = {}
        for record in await store.at(self._database, self._zone.name, sorted(names)):
            if record.type in (Type.A, Type.AAAA):
                glue.setdefault((record.place, record.type), []).append(record)
        found.additional = [_rrset(names[place], records) for (place, _), records in sorted(glue.items())]

    async def _at(self, name: dns.name.Name) -> list[Record] | None:
        """The records of a name, or those of the wildcard that stands for it; None where the name does not exist."""
        records = self._records[_place(name)]
        if records or name == self._apex or await self._is_above(name):
            return records
        encloser = self._apex
        for above in self._below_apex(name.parent()):  # from the zone down, so that a long name costs no more reads
            if not self._records[_place(above)] and not await self._is_above(above):
                break
            encloser = above
        return self._records[_place(encloser) + " *"] or None

    async def _is_above(self, name: dns.name.Name) -> bool:
        return await store.is_above(self._database, self._zone.name, _place(name))

    def _answer(self, found: _Found, name: dns.name.Name, kind: int, records: Sequence[Record]) -> None:
        if kind == dns.rdatatype.ANY:
            found.answer.append(dns.rrset.from_text(name, _APEX_TTL_SECONDS, _IN, "HINFO", '"RFC8482" ""'))
            return
        ours = rdata.kind_of(kind)
        wanted = [record for record in records if record.type == ours]
        if wanted:
            found.answer.append(_rrset(name, wanted))
        elif name == self._apex and kind == dns.rdatatype.SOA:
            found.answer.append(self._soa(_APEX_TTL_SECONDS))
        elif name == self._apex and ours is Type.NS and self._name_servers:
            servers = [f"{server}." for server in self._name_servers]
            found.answer.append(dns.rrset.from_text(name, _APEX_TTL_SECONDS, _IN, "NS", *servers))
        else:
            found.authority = [self._soa(_NEGATIVE_TTL_SECONDS)]

    def _soa(self, ttl_seconds: int) -> dns.rrset.RRset:
        domain, times = self._zone.domain, " ".join(map(str, SOA_TIMES))
        primary = self._name_servers[0] if self._name_servers else f"ns.{domain}"
        text = f"{primary}. hostmaster.{domain}. {self._zone.serial % 2**32} {times}"
        return dns.rrset.from_text(self._apex, ttl_seconds, _IN, "SOA", text)


def _rrset(name: dns.name.Name, records: Sequence[Record]) -> dns.rrset.RRset:
    """Records of one type as the answer about a name."""
    ttl_seconds = min(record.served_ttl_seconds for record in records)
    rdatas = [rdata.of_wire(record.type, record.rdata) for record in records]
    return dns.rrset.from_rdata_list(name, ttl_seconds, rdatas)


def _place(name: dns.name.Name) -> str:
    return domains.place(".".join(_labels(name)))


def _labels(name: dns.name.Name) -> list[str]:
    """The labels as they are kept; what no record can have becomes what none has."""
    labels = (label.decode("latin-1").lower() for label in name.labels if label)
    return [label if _KEPT.fullmatch(label) else _NOBODYS for label in labels]
