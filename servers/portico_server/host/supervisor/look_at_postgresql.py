"""The doctor's look at PostgreSQL: whether it answers, and keeps what it acknowledges."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from portico_server.host.supervisor.check import Check

PATIENCE_SECONDS = 5.0
OLDEST_VERSION = 140000  # 14, as the server counts
CLOCK_TOLERANCE_SECONDS = 5.0
"""Leases last 30 seconds by each node's own clock."""

NEEDED_CONNECTIONS = 30
"""What one process may open for two products, and an administrator."""

_DURABLE = {"fsync": ("on",), "full_page_writes": ("on",), "synchronous_commit": ("on", "remote_apply", "remote_write")}


def postgresql(dsn: str) -> Iterator[Check]:
    """Reachability, version, encoding, connections, clock, and the settings on which durability rests."""
    import psycopg

    try:
        with psycopg.connect(dsn, connect_timeout=round(PATIENCE_SECONDS)) as connection:
            settings: dict[str, Any] = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())
            clock = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchall()[0][0]
            encoding = connection.info.parameter_status("server_encoding") or ""
    except psycopg.ProgrammingError:  # it repeats the URL, with the password in it
        remedy = "Mend the setting database: what is special in its password is percent-encoded, a % as %25."
        yield Check("database", False, "the setting database is no URL that PostgreSQL can read", remedy)
        return
    except psycopg.Error as error:
        detail = f"PostgreSQL does not answer: {' '.join(str(error).split())}"
        yield Check("database", False, detail, "Start it, or mend the setting database.")
        return
    yield _version(settings, encoding)
    yield _durability(settings)
    yield _connections(settings)
    yield _clock(float(clock))


def _version(settings: dict[str, Any], encoding: str) -> Check:
    shown = f"PostgreSQL {settings['server_version']} answers, its encoding is {encoding}"
    if int(settings["server_version_num"]) < OLDEST_VERSION:
        return Check("database", False, shown, "Upgrade it: 14 is the oldest that is tried.")
    if encoding != "UTF8":
        remedy = "Make a database with ENCODING 'UTF8', and move there by `portico backup` and `portico restore`."
        return Check("database", False, shown, remedy)
    return Check("database", True, shown)


def _durability(settings: dict[str, Any]) -> Check:
    wrong = [f"{name} = {settings[name]}" for name, good in _DURABLE.items() if settings[name] not in good]
    if not wrong:
        return Check("database durability", True, "the server syncs what it acknowledges")
    remedy = "Set them to `on` in postgresql.conf, and reload it: what is acknowledged may be lost with the power."
    return Check("database durability", False, ", ".join(wrong), remedy)


def _connections(settings: dict[str, Any]) -> Check:
    most = int(settings["max_connections"])
    enough = most >= NEEDED_CONNECTIONS
    remedy = "" if enough else f"Set max_connections to {NEEDED_CONNECTIONS} a process or more, and restart the server."
    return Check("database connections", enough, f"{most} allowed; a process opens up to 12 a product", remedy)


def _clock(server: float) -> Check:
    apart = abs(server - time.time())
    near = apart < CLOCK_TOLERANCE_SECONDS
    remedy = "" if near else "Set both machines' clocks by NTP: timedatectl set-ntp true"
    return Check("database clock", near, f"{apart:.1f} s from this machine's", remedy)
