"""Whether a domain is an account's: asked of the DNS, and the zone made active if it is.

Two proofs count. The *TXT record* at `_portico-challenge.DOMAIN` holds the zone's token, which is a secret of the zone:
who can put it there controls the domain now, so the zone takes it over from whichever account had it, and that one's
zone becomes pending with a new token. *Delegation* to the platform's name servers says that the domain points here,
but not for whom, so it counts only where no other account has a zone of the domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from portico_server.dns import errors
from portico_server.dns.messages import challenge_name
from portico_server.dns.model import Proof, Zone
from portico_server.dns.store import zones as store
from portico_server.dns.zones import Zones, new_token, told
from portico_server.platform.audit import audit
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.ids import Ids
from portico_server.platform.telemetry.spans import span

_TRIES = 20
_SHOWN = 5


class LookupFailed(Exception):
    """The DNS gave no answer, so nothing is known; the message says why."""


class Lookup(Protocol):
    """What is asked of the DNS. Both answer nothing where the name, or such a record of it, does not exist, and raise
    LookupFailed where nobody answers in time."""

    async def txt(self, name: str) -> Sequence[str]:
        """The TXT records of a name."""
        ...

    async def delegation(self, domain: str) -> Sequence[str]:
        """The name servers that the servers of its parent name for a domain."""
        ...


class Verifying:
    """Verifies zones. `name_servers` are the platform's, in lower case and without a dot at their end."""

    def __init__(self, database: Database, zones: Zones, ids: Ids, lookup: Lookup, name_servers: Sequence[str]) -> None:
        self._database = database
        self._zones = zones
        self._ids = ids
        self._lookup = lookup
        self._name_servers = frozenset(name_servers)

    async def verify(self, name: str, wanted: Proof) -> Zone:
        """By the proof that is wanted; NONE: by TXT record, or else by delegation.

        Raises ZoneNotFound, ZoneNotVerified, TxtRecordNeeded, ResolverFailed, Contention.
        """
        zone = await self._zones.get(name)
        proof = await self._proof(zone, wanted)
        for _ in range(_TRIES):
            if (verified := await self._written(zone, proof)) is not None:
                return verified
            token = zone.token
            zone = await self._zones.get(name)
            if zone.token != token:  # another account has taken the domain over meanwhile: the proof is of no use
                break
        raise errors.Contention(f"{name} changed while it was verified; try again", resource=name)

    async def _proof(self, zone: Zone, wanted: Proof) -> Proof:
        try:
            if wanted is Proof.DELEGATION:
                return await self._by_delegation(zone)
            if wanted is Proof.TXT or not self._name_servers:
                return await self._by_txt(zone)
            return await self._by_either(zone)
        except LookupFailed as failed:
            raise errors.ResolverFailed(
                f"the DNS could not be asked about {zone.domain}: {failed}; try again later", resource=zone.name
            ) from None

    async def _by_either(self, zone: Zone) -> Proof:
        try:
            return await self._by_txt(zone)
        except errors.ZoneNotVerified as refused:
            no_record = refused.message
        try:
            return await self._by_delegation(zone)
        except errors.ZoneNotVerified as refused:
            not_delegated = refused.message
        except LookupFailed as failed:
            not_delegated = f"where {zone.domain} is delegated could not be found out: {failed}"
        raise errors.ZoneNotVerified(f"{no_record}; and {not_delegated}", resource=zone.name)

    async def _by_txt(self, zone: Zone) -> Proof:
        name = challenge_name(zone.domain)
        found = await self._lookup.txt(name)
        if zone.token in found:
            return Proof.TXT
        said = (
            f"has {len(found)} TXT record{'s'[: len(found) > 1]}, none of which is the token"
            if found
            else "has no TXT record"
        )
        raise errors.ZoneNotVerified(f'{name} {said}; make it one that says "{zone.token}"', resource=zone.name)

    async def _by_delegation(self, zone: Zone) -> Proof:
        if not self._name_servers:
            raise errors.ZoneNotVerified(
                "the platform has no name servers to delegate to (dns_name_servers); verify by TXT record",
                resource=zone.name,
            )
        if await store.is_elsewhere(self._database, zone):
            raise _txt_needed(zone)
        found = {name.lower().removesuffix(".") for name in await self._lookup.delegation(zone.domain)}
        if found and found <= self._name_servers:
            return Proof.DELEGATION
        seen = f"to {', '.join(sorted(found)[:_SHOWN])}" if found else "to nobody"
        raise errors.ZoneNotVerified(
            f"{zone.domain} is delegated {seen}; delegate it to {', '.join(sorted(self._name_servers))}",
            resource=zone.name,
        )

    async def _written(self, zone: Zone, proof: Proof) -> Zone | None:
        """The zone, verified; None where it, or another of the domain, has changed since it was looked at."""
        etag, now_us = self._ids.mint()
        verified = zone._replace(verified_at_us=now_us, verified_by=int(proof), updated_at_us=now_us, etag=etag)
        statements: list[Statement] = []
        if proof is Proof.DELEGATION:
            statements.append(store.none_else(zone))
        elif (loser := await store.verified_elsewhere(self._database, zone)) is not None:
            statements += self._taken_over(loser, now_us)
        event = audit(
            "dns.zone.verify", zone.name, now_us, before=told(zone), after=told(verified), by=proof.name.lower()
        )
        statements += [store.none_else_verified(zone), store.update(zone.etag, verified), event]
        try:
            with span("dns.store.change", step="store"):
                await self._database.batch(Batch(statements, [store.domain_lock(zone.domain)]))
        except GuardFailed as failed:
            if proof is Proof.DELEGATION and failed.reason == store.OTHERS_CHANGED:
                raise _txt_needed(zone) from None
            if failed.reason in (store.ZONE_CHANGED, store.OTHERS_CHANGED):
                return None
            raise
        return verified

    def _taken_over(self, loser: Zone, now_us: int) -> list[Statement]:
        etag, _ = self._ids.mint()
        pending = loser._replace(
            verified_at_us=0, verified_by=int(Proof.NONE), token=new_token(), etag=etag, updated_at_us=now_us
        )
        event = audit("dns.zone.lose", loser.name, now_us, before=told(loser), after=told(pending))
        return [store.update(loser.etag, pending), event]


def _txt_needed(zone: Zone) -> errors.TxtRecordNeeded:
    return errors.TxtRecordNeeded(
        f"another account has a zone {zone.domain}, so delegation does not tell whose it is; put the TXT record "
        f'"{zone.token}" at {challenge_name(zone.domain)}',
        resource=zone.name,
    )
