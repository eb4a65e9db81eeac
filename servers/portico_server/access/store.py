"""Every SQL statement of access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from portico_server.access.kinds import KINDS, Kind
from portico_server.access.state import Item
from portico_server.platform.authorization import Filter
from portico_server.platform.database import ANY, Database, Row, Statement
from portico_server.platform.visibility import visible

BEHIND = "revision"
"""Guard: nobody has changed anything since the revision was read."""
OTHER_PROOF = "proof"
"""Guard: what proves something is what was looked at."""
NAMES_OTHERS = "principals"
"""Guard: no principal of that account's name belongs to another account."""
WAS_DELETED = "deleted"
"""Guard: nothing of that name was deleted."""

_REVISION = "SELECT revision FROM store WHERE id = 1"
_ADVANCE = "UPDATE store SET revision = $2 WHERE id = 1 AND revision = $1"
_CHANGED = "SELECT name, kind, body, revision FROM item WHERE account = $1 AND revision > $2"
_GONE = "SELECT name, revision FROM removal WHERE account = $1 AND revision > $2"
_SEALED = (
    "SELECT item.name, proof.sealed FROM item JOIN proof ON proof.name = item.name"
    " WHERE item.account = $1 AND item.revision > $2 AND item.kind = 'accessKeys'"
)
_ACCOUNTS_CHANGED = "SELECT account, revision FROM item WHERE revision > $1"
_ACCOUNTS_GONE = "SELECT account, revision FROM removal WHERE revision > $1"
_GET = "SELECT name, kind, body, revision FROM item WHERE name = $1"
_LIST = (
    "SELECT name, kind, body, revision FROM item"
    " WHERE kind = $1 AND account = $2 AND name > $3 AND {visible} ORDER BY name LIMIT $4"
)
_BELOW = (
    "SELECT name, kind, body, revision FROM item WHERE name > $1 AND name < $2 AND {visible} ORDER BY name LIMIT $3"
)
_ACCOUNTS_OF = (
    "SELECT name, kind, body, revision FROM item WHERE kind = 'accounts' AND name > $1"
    " AND name IN (SELECT account FROM membership WHERE principal = $2) ORDER BY name LIMIT $3"
)
_ACCOUNTS_BELOW = (
    "SELECT name, kind, body, revision FROM item WHERE kind = 'accounts' AND name > $1"
    " AND (name IN (SELECT account FROM membership WHERE principal = $2) OR name = $3"
    " OR name IN (SELECT account FROM offspring WHERE parent = $3)) ORDER BY name LIMIT $4"
)
_PUT = (
    "INSERT INTO item (name, account, kind, revision, body) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, body = excluded.body"
)
_DELETE = "DELETE FROM item WHERE name = $1"
_NOTE_GONE = (
    "INSERT INTO removal (name, account, revision) VALUES ($1, $2, $3)"
    " ON CONFLICT (name) DO UPDATE SET revision = excluded.revision"
)
_WAS_GONE = "SELECT 1 FROM removal WHERE name = $1"
_FORGET_GONE = "DELETE FROM removal WHERE name = $1"
_JOIN = "INSERT INTO membership (principal, account) VALUES ($1, $2) ON CONFLICT (principal, account) DO NOTHING"
_LEAVE = "DELETE FROM membership WHERE principal = $1 AND account = $2"
_BEAR = "INSERT INTO offspring (parent, account) VALUES ($1, $2) ON CONFLICT (parent, account) DO NOTHING"
_UNBEAR = "DELETE FROM offspring WHERE account = $1"
_PROVE = (
    "INSERT INTO proof (name, account, salt, hash, sealed, expires_at_seconds, used_at_seconds)"
    " VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (name) DO UPDATE SET salt = excluded.salt,"
    " hash = excluded.hash, sealed = excluded.sealed, expires_at_seconds = excluded.expires_at_seconds"
)
_DISPROVE = "DELETE FROM proof WHERE name = $1"
_USE_UP = "DELETE FROM proof WHERE name = $1 AND hash = $2"
_COUNT_BORNE = "SELECT COUNT(*) FROM offspring WHERE parent = $1"
_COUNT_JOINED = "SELECT COUNT(*) FROM membership WHERE principal = $1"
_OF_PRINCIPALS = "SELECT 1 FROM membership WHERE principal >= $1 AND principal < $2 AND account <> $3 LIMIT 1"
_PROOF = "SELECT name, account, salt, hash, sealed, expires_at_seconds, used_at_seconds FROM proof WHERE name = $1"
_USES = "SELECT name, used_at_seconds FROM proof WHERE name >= $1 AND name <= $2 AND used_at_seconds > 0"
_USED = "UPDATE proof SET used_at_seconds = $2 WHERE name = $1 AND used_at_seconds < $2"


class Proof(NamedTuple):
    """What proves something; see the migration."""

    name: str
    account: str
    salt: bytes = b""
    hash: bytes = b""
    sealed: bytes = b""
    expires_at_seconds: int = 0
    used_at_seconds: int = 0


def _item(row: Row) -> Item:
    name, kind, body, revision = row
    return Item(name, KINDS[kind], KINDS[kind].parse(bytes(body)), revision)


async def revision(database: Database) -> int:
    found: int = (await database.read(_REVISION))[0][0]
    return found


class Changes(NamedTuple):
    """What of an account has changed since a revision, of one state. `revision`: the store's. `changed`: rows for
    `parsed`. `gone`: names, and when. `sealed`: the secrets of what has changed, as they are kept, by name."""

    revision: int
    changed: list[Row]
    gone: list[tuple[str, int]]
    sealed: dict[str, bytes]


async def changes(database: Database, account: str, since: int) -> Changes:
    (now,), changed, gone, sealed = await database.snapshot(
        [(query, (account, since) if query != _REVISION else ()) for query in (_REVISION, _CHANGED, _GONE, _SEALED)]
    )
    kept = {name: bytes(secret) for name, secret in sealed}
    return Changes(now[0], changed, [(name, at) for name, at in gone], kept)


async def changed_accounts(database: Database, since: int) -> tuple[int, set[str]]:
    """The store's revision, and the accounts of which something has changed since."""
    (now,), changed, gone = await database.snapshot(
        [(_REVISION, ()), (_ACCOUNTS_CHANGED, (since,)), (_ACCOUNTS_GONE, (since,))]
    )
    return now[0], {account for account, _ in (*changed, *gone)}


def parsed(row: Row, sealed: Mapping[str, bytes]) -> Item:
    item = _item(row)
    return item._replace(sealed=sealed[item.name]) if item.name in sealed else item


async def get(database: Database, name: str) -> Item | None:
    rows = await database.read(_GET, name)
    return _item(rows[0]) if rows else None


async def of_kind(database: Database, kind: Kind, account: str, after: str, limit: int, allowed: Filter) -> list[Item]:
    """Those behind the name `after` that may be seen, by name."""
    condition, values = visible(allowed, "name", 5)
    rows = await database.scan(_LIST.format(visible=condition), kind.collection, account, after, limit, *values)
    return [_item(row) for row in rows]


async def below(database: Database, parent: str, after: str, limit: int, allowed: Filter) -> list[Item]:
    """What stands directly below a name, as secrets do below a service account, and may be seen, by name."""
    condition, values = visible(allowed, "name", 4)
    rows = await database.scan(_BELOW.format(visible=condition), after or f"{parent}/", f"{parent}0", limit, *values)
    return [_item(row) for row in rows]


async def accounts_of(database: Database, principal: str, parent: str, after: str, limit: int) -> list[Item]:
    """Those that the principal belongs to and, with a `parent`, it and those that were created for it."""
    if parent:
        return [_item(row) for row in await database.scan(_ACCOUNTS_BELOW, after, principal, parent, limit)]
    return [_item(row) for row in await database.scan(_ACCOUNTS_OF, after, principal, limit)]


def advance(judged: int) -> Statement:
    """To the revision behind that by which a change was judged."""
    return Statement(_ADVANCE, (judged, judged + 1), 1, BEHIND)


def put(item: Item, account: str, at: int) -> list[Statement]:
    body = item.message.SerializeToString()
    return [
        Statement(_PUT, (item.name, account, item.kind.collection, at, body)),
        Statement(_FORGET_GONE, (item.name,), ANY),
    ]


def delete(name: str, account: str, at: int) -> list[Statement]:
    return [Statement(_DELETE, (name,), ANY), Statement(_NOTE_GONE, (name, account, at))]


def memberships(account: str, joined: Sequence[str], left: Sequence[str]) -> list[Statement]:
    return [
        *(Statement(_JOIN, (principal, account), ANY) for principal in joined),
        *(Statement(_LEAVE, (principal, account), ANY) for principal in left),
    ]


def bear(parent: str, account: str) -> Statement:
    return Statement(_BEAR, (parent, account), ANY)


def unbear(account: str) -> Statement:
    return Statement(_UNBEAR, (account,), ANY)


def prove(proof: Proof) -> Statement:
    kept = (proof.name, proof.account, proof.salt, proof.hash, proof.sealed, proof.expires_at_seconds)
    return Statement(_PROVE, kept)


def disprove(name: str) -> Statement:
    return Statement(_DISPROVE, (name,), ANY)


def use_up(proof: Proof) -> Statement:
    """Removes what proved something, where no other has taken its place."""
    return Statement(_USE_UP, (proof.name, proof.hash), 1, OTHER_PROOF)


def names_no_others(account: str) -> Statement:
    """That nobody who belongs to another account has a name of this one, `accounts/{account}/principals/…`."""
    first, end = f"{account}/", f"{account}0"  # `0` is the character after `/`
    return Statement(_OF_PRINCIPALS, (first, end, account), 0, NAMES_OTHERS)


def was_never(name: str) -> Statement:
    """That nothing of this name was deleted."""
    return Statement(_WAS_GONE, (name,), 0, WAS_DELETED)


async def accounts_created_for(database: Database, parent: str) -> int:
    """How many there are."""
    return int((await database.read(_COUNT_BORNE, parent))[0][0])


async def accounts_joined(database: Database, principal: str) -> int:
    """How many accounts the principal, which may be a Caller, belongs to."""
    return int((await database.read(_COUNT_JOINED, str(principal)))[0][0])


async def proof(database: Database, name: str) -> Proof | None:
    rows = await database.read(_PROOF, name)
    return Proof(*rows[0]) if rows else None


def used(name: str, at_seconds: int) -> Statement:
    return Statement(_USED, (name, at_seconds), ANY)


async def uses(database: Database, first: str, last: str) -> dict[str, int]:
    """When what proves something was last used, by name, of those from `first` to `last`; in seconds since 1970."""
    return dict(await database.scan(_USES, first, last))
