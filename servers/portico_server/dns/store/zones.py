"""Statements on zones."""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.dns.model import Zone
from portico_server.platform.authorization import Filter
from portico_server.platform.database import ANY, Database, Statement
from portico_server.platform.visibility import visible

ZONE_EXISTS = "zone exists"
ZONE_CHANGED = "zone changed"
"""Guard: nothing of the zone, its records among it, has changed since it was read."""
TOO_MANY_ZONES = "too many zones"
OTHERS_CHANGED = "other zones of the domain changed"

_COLUMNS = (
    "name, domain, created_at_us, updated_at_us, etag, display_name, description, paused, verified_at_us, verified_by, "
    "token, serial, records"
)
_LAST = "\U0010ffff"
"""Behind every character of a name."""

_GET = f"SELECT {_COLUMNS} FROM zone WHERE name = $1"
_VERIFIED = f"SELECT {_COLUMNS} FROM zone WHERE domain = $1 AND verified_at_us > 0 AND name <> $2"
_ANY_VERIFIED = "SELECT 1 FROM zone WHERE domain = $1 AND verified_at_us > 0 AND name <> $2"
_ANY_OTHER = "SELECT 1 FROM zone WHERE domain = $1 AND name <> $2 LIMIT 1"
_INSERT = (
    f"INSERT INTO zone ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
    "ON CONFLICT (name) DO NOTHING"
)
_MORE_THAN = "SELECT 1 FROM zone WHERE name >= $1 AND name < $2 ORDER BY name LIMIT 1 OFFSET $3"
_UPDATE = (
    "UPDATE zone SET updated_at_us = $3, etag = $4, display_name = $5, description = $6, paused = $7, "
    "verified_at_us = $8, verified_by = $9, token = $10 WHERE name = $1 AND etag = $2"
)
_DELETE = "DELETE FROM zone WHERE name = $1 AND etag = $2 AND serial = $3"
_DELETE_RECORDS = "DELETE FROM record WHERE zone = $1"
_ADVANCE = "UPDATE zone SET serial = $4, records = $5 WHERE name = $1 AND serial = $2 AND created_at_us = $3"


async def get(database: Database, name: str) -> Zone | None:
    rows = await database.read(_GET, name)
    return Zone(*rows[0]) if rows else None


async def verified_elsewhere(database: Database, zone: Zone) -> Zone | None:
    """The zone of the same domain that is verified, if it is not this one."""
    rows = await database.read(_VERIFIED, zone.domain, zone.name)
    return Zone(*rows[0]) if rows else None


async def is_elsewhere(database: Database, zone: Zone) -> bool:
    """Whether another account has a zone of the same domain."""
    return bool(await database.read(_ANY_OTHER, zone.domain, zone.name))


async def serving(database: Database, domains: Sequence[str]) -> Zone | None:
    """Of the verified zones of these domains that with the longest one."""
    parameters = ", ".join(f"${number}" for number in range(1, len(domains) + 1))
    sql = (
        f"SELECT {_COLUMNS} FROM zone WHERE domain IN ({parameters}) AND verified_at_us > 0 "
        "ORDER BY length(domain) DESC LIMIT 1"
    )
    rows = await database.read(sql, *domains)
    return Zone(*rows[0]) if rows else None


async def visible_in(database: Database, prefix: str, behind: str, shown: Filter, limit: int) -> list[Zone]:
    """Those that may be shown, whose name begins with `prefix` and stands behind `behind`, by name."""
    condition, values = visible(shown, "name", 5)
    sql = (
        f"SELECT {_COLUMNS} FROM zone WHERE name >= $1 AND name < $2 AND name > $3 AND {condition} "
        "ORDER BY name LIMIT $4"
    )
    rows = await database.scan(sql, prefix, prefix + _LAST, behind, limit, *values)
    return [Zone(*row) for row in rows]


def insert(zone: Zone) -> Statement:
    return Statement(_INSERT, tuple(zone), 1, ZONE_EXISTS)


def at_most(account: str, most: int) -> Statement:
    """Guard: the account has no more zones. Needs the account's lock."""
    first = f"{account}/zones/"
    return Statement(_MORE_THAN, (first, first + _LAST, most), 0, TOO_MANY_ZONES)


def update(etag: str, zone: Zone) -> Statement:
    """Writes all but what changes of records write, if the zone still has the `etag`."""
    changes = (zone.updated_at_us, zone.etag, zone.display_name, zone.description, zone.paused)
    proof = (zone.verified_at_us, zone.verified_by, zone.token)
    return Statement(_UPDATE, (zone.name, etag, *changes, *proof), 1, ZONE_CHANGED)


def none_else_verified(zone: Zone) -> Statement:
    """Guard: no other zone of the domain is verified. Needs the domain's lock."""
    return Statement(_ANY_VERIFIED, (zone.domain, zone.name), 0, OTHERS_CHANGED)


def none_else(zone: Zone) -> Statement:
    """Guard: no other account has a zone of the domain. Needs the domain's lock."""
    return Statement(_ANY_OTHER, (zone.domain, zone.name), 0, OTHERS_CHANGED)


def delete(zone: Zone) -> list[Statement]:
    """The zone as it was read, with its records."""
    return [
        Statement(_DELETE, (zone.name, zone.etag, zone.serial), 1, ZONE_CHANGED),
        Statement(_DELETE_RECORDS, (zone.name,), ANY),
    ]


def advance(zone: Zone, records: int) -> Statement:
    """Raises the serial, for a change of records that was judged on the zone as it was read; it has so many then."""
    return Statement(_ADVANCE, (zone.name, zone.serial, zone.created_at_us, zone.serial + 1, records), 1, ZONE_CHANGED)


def domain_lock(domain: str) -> str:
    return f"domain {domain}"


def account_lock(account: str) -> str:
    return f"zones of {account}"
