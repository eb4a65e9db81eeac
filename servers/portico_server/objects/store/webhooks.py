"""Statements on webhooks: how they are, their secrets, and which buckets' rules name them.

Each has a queue of its own name (`notifications.py` beside this). What makes or removes one holds that queue's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from portico_server.objects.text import after, beginning_with
from portico_server.platform.authorization import Filter
from portico_server.platform.database import ANY, Database, Statement
from portico_server.platform.visibility import visible

NO_WEBHOOK = "no webhook"
TOO_MANY_WEBHOOKS = "too many webhooks"
SECRETS_CHANGED = "secrets changed"
"""Guard: nobody has made another secret since they were read."""
MOST_WEBHOOKS = 1000
"""Of an account."""

_COLUMNS = (
    "w.name, w.url, w.created_at_us, w.disabled, w.failures, w.due_at_us, w.last_success_at_us, w.last_failure_at_us,"
    " w.last_failure"
)
_GET = f"SELECT {_COLUMNS} FROM webhook w WHERE w.name = $1"
_NAMED_BY = "EXISTS (SELECT 1 FROM webhook_rule r WHERE r.bucket = $4 AND r.webhook = w.name)"
_WAITING = """
SELECT coalesce((SELECT last_sequence - acknowledged FROM queue WHERE name = $1), 0)
  + (SELECT count(*) FROM notice WHERE queue = $1), coalesce((SELECT dropped FROM queue WHERE name = $1), 0)"""
_DUE = f"""
SELECT {_COLUMNS} FROM webhook w WHERE w.disabled = 0 AND w.due_at_us <= $1 AND (
  EXISTS (SELECT 1 FROM notice n WHERE n.queue = w.name)
  OR EXISTS (SELECT 1 FROM queue q WHERE q.name = w.name AND q.acknowledged < q.last_sequence))
ORDER BY w.due_at_us"""
_FIGURES = """
SELECT count(*), CAST(coalesce(sum(disabled), 0) AS BIGINT),
  CAST(coalesce(sum(CASE WHEN disabled = 0 AND failures > 0 THEN 1 ELSE 0 END), 0) AS BIGINT)
FROM webhook"""
_DISABLED = "SELECT w.name FROM webhook w WHERE w.disabled = 1 ORDER BY w.name LIMIT $1"
_MAKE = """
INSERT INTO webhook (name, url, created_at_us, disabled, failures, due_at_us, last_success_at_us, last_failure_at_us,
  last_failure) VALUES ($1, $2, $3, 0, 0, 0, 0, 0, '') ON CONFLICT (name) DO NOTHING"""
_NOT_TOO_MANY = f"""
SELECT 1 FROM (SELECT count(*) AS number FROM webhook WHERE name >= $1 AND name < $2) found
WHERE found.number <= {MOST_WEBHOOKS}"""
_ADD_CURRENT = """
INSERT INTO webhook_secret (webhook, number, sealed, created_at_us, shown, ends_at_us) VALUES ($1, $2, $3, $4, 1, 0)
ON CONFLICT (webhook, number) DO NOTHING"""
_ADD_FIRST = """
INSERT INTO webhook_secret (webhook, number, sealed, created_at_us, shown, ends_at_us)
SELECT CAST($1 AS TEXT), 1, $2, CAST($3 AS BIGINT), 0, 0
WHERE NOT EXISTS (SELECT 1 FROM webhook_secret WHERE webhook = $1)"""
_SECRETS = """
SELECT number, sealed, created_at_us, shown, ends_at_us FROM webhook_secret
WHERE webhook = $1 AND (ends_at_us = 0 OR ends_at_us > $2) ORDER BY number DESC"""
_END_CURRENT = "UPDATE webhook_secret SET ends_at_us = $3 WHERE webhook = $1 AND number = $2 AND ends_at_us = 0"
_FORGET_SECRETS = "DELETE FROM webhook_secret WHERE webhook = $1 AND ends_at_us > 0 AND ends_at_us <= $2"
_FORGET_RULES = "DELETE FROM webhook_rule WHERE bucket = $1"
_ADD_RULE = "INSERT INTO webhook_rule (bucket, webhook) VALUES ($1, $2)"
_BUCKETS = "SELECT bucket FROM webhook_rule WHERE webhook = $1 ORDER BY bucket LIMIT $2"
_SUCCEEDED = "UPDATE webhook SET failures = 0, due_at_us = $2, last_success_at_us = $2 WHERE name = $1"
_FAILED = """
UPDATE webhook SET failures = failures + 1, due_at_us = $2, last_failure_at_us = $3, last_failure = $4, disabled = $5
WHERE name = $1"""
_RETRY = "UPDATE webhook SET disabled = 0, failures = 0, due_at_us = $2 WHERE name = $1"
_IS_THERE = "SELECT 1 FROM webhook WHERE name = $1"
_UNUSED = """
  NOT EXISTS (SELECT 1 FROM webhook_rule r WHERE r.webhook = w.name)
  AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.queue = w.name)
  AND NOT EXISTS (SELECT 1 FROM queue q WHERE q.name = w.name AND q.acknowledged < q.last_sequence)"""
_UNUSED_BEHIND = f"SELECT w.name FROM webhook w WHERE w.name > $1 AND {_UNUSED} ORDER BY w.name LIMIT 100"
_REMOVE_UNUSED = f"DELETE FROM webhook AS w WHERE w.name = $1 AND {_UNUSED}"
_WITHOUT_WEBHOOK = "AND NOT EXISTS (SELECT 1 FROM webhook w WHERE w.name = $1)"
_REMOVE_SECRETS = f"DELETE FROM webhook_secret WHERE webhook = $1 {_WITHOUT_WEBHOOK}"
_REMOVE_QUEUE = f"DELETE FROM queue WHERE name = $1 {_WITHOUT_WEBHOOK}"
_REMOVE_NOTIFICATIONS = f"DELETE FROM notification WHERE queue = $1 {_WITHOUT_WEBHOOK}"


class Webhook(NamedTuple):
    """How a webhook is. No try is made before `due_at_us`."""

    name: str
    url: str
    created_at_us: int
    disabled: int = 0
    failures: int = 0
    due_at_us: int = 0
    last_success_at_us: int = 0
    last_failure_at_us: int = 0
    last_failure: str = ""


class Secret(NamedTuple):
    """One that signs. `ends_at_us` 0: it was not replaced yet."""

    number: int
    sealed: bytes
    created_at_us: int
    shown: int
    ends_at_us: int


class Waiting(NamedTuple):
    """How many notifications wait in its queue, and how many were dropped."""

    waiting: int
    dropped: int


class Figures(NamedTuple):
    """How many webhooks there are, how many are disabled, and how many are behind: their last try failed."""

    webhooks: int
    disabled: int
    behind: int


async def get(database: Database, name: str) -> Webhook | None:
    rows = await database.read(_GET, name)
    return Webhook(*rows[0]) if rows else None


async def visible_in(
    database: Database, parent: str, behind: str, shown: Filter, limit: int, bucket: str
) -> list[Webhook]:
    """Those of an account, behind a name, that may be shown; with a `bucket` those that its rules name."""
    within = beginning_with(f"{parent}/webhooks/")
    named_by, values = (_NAMED_BY, [bucket]) if bucket else ("1 = 1", [])
    condition, more = visible(shown, "w.name", 4 + len(values))
    sql = f"""
SELECT {_COLUMNS} FROM webhook w WHERE w.name >= $1 AND w.name < $2 AND {named_by} AND {condition}
ORDER BY w.name LIMIT $3"""
    rows = await database.scan(sql, max(within.first, after(behind)), within.end, limit, *values, *more)
    return [Webhook(*row) for row in rows]


async def due(database: Database, now_us: int) -> list[Webhook]:
    """Those for which something waits, and whose time has come, the longest due first."""
    return [Webhook(*row) for row in await database.scan(_DUE, now_us)]


async def waiting(database: Database, name: str) -> Waiting:
    return Waiting(*(await database.scan(_WAITING, name))[0])


async def figures(database: Database) -> Figures:
    return Figures(*(await database.scan(_FIGURES))[0])


async def disabled(database: Database, limit: int) -> list[str]:
    """The names of some that are."""
    return [row[0] for row in await database.scan(_DISABLED, limit)]


async def secrets(database: Database, name: str, now_us: int) -> list[Secret]:
    """Those that hold, the current one first."""
    return [Secret(*row) for row in await database.read(_SECRETS, name, now_us)]


async def buckets_of(database: Database, name: str, limit: int) -> list[str]:
    return [row[0] for row in await database.read(_BUCKETS, name, limit)]


async def unused_behind(database: Database, name: str) -> list[str]:
    """Some that no rule names and for which nothing waits, by name."""
    return [row[0] for row in await database.scan(_UNUSED_BEHIND, name)]


def name_in(bucket: str, webhooks: Sequence[Webhook], sealed: Sequence[bytes]) -> list[Statement]:
    """Writes down which webhooks a bucket's rules name from now on; makes those that are not there yet, each with its
    sealed secret. Under their queues' locks."""
    statements = [Statement(_FORGET_RULES, (bucket,), ANY)]
    for webhook, secret in zip(webhooks, sealed, strict=True):
        made = (webhook.name, webhook.url, webhook.created_at_us)
        statements.append(Statement(_MAKE, made, ANY))
        statements.append(Statement(_ADD_FIRST, (webhook.name, secret, webhook.created_at_us), ANY))
        statements.append(Statement(_ADD_RULE, (bucket, webhook.name)))
    if webhooks:
        within = beginning_with(webhooks[0].name.rpartition("/")[0] + "/")
        statements.append(Statement(_NOT_TOO_MANY, (within.first, within.end), 1, TOO_MANY_WEBHOOKS))
    return statements


def forget_bucket(bucket: str) -> Statement:
    """Its rules go with it."""
    return Statement(_FORGET_RULES, (bucket,), ANY)


def rotate(name: str, before: Secret | None, sealed: bytes, now_us: int, ends_at_us: int) -> list[Statement]:
    """Puts a new secret in the place of the current one, which goes on signing until `ends_at_us`."""
    number = before.number + 1 if before is not None else 1
    statements = [Statement(_IS_THERE, (name,), 1, NO_WEBHOOK)]
    if before is not None:
        statements.append(Statement(_END_CURRENT, (name, before.number, ends_at_us), 1, SECRETS_CHANGED))
    return [
        *statements,
        Statement(_ADD_CURRENT, (name, number, sealed, now_us), 1, SECRETS_CHANGED),
        Statement(_FORGET_SECRETS, (name, now_us), ANY),
    ]


def succeeded(name: str, now_us: int) -> Statement:
    return Statement(_SUCCEEDED, (name, now_us), ANY)


def failed(name: str, due_at_us: int, now_us: int, why: str, disabled: bool) -> Statement:
    return Statement(_FAILED, (name, due_at_us, now_us, why, int(disabled)), ANY)


def retry(name: str, now_us: int) -> Statement:
    return Statement(_RETRY, (name, now_us), 1, NO_WEBHOOK)


def remove_unused(name: str) -> list[Statement]:
    """Removes one with all that is left of it, if still no rule names it and nothing waits. Under its queue's lock."""
    removals = (_REMOVE_UNUSED, _REMOVE_SECRETS, _REMOVE_NOTIFICATIONS, _REMOVE_QUEUE)
    return [Statement(sql, (name,), ANY) for sql in removals]
