"""The doctor's looks at what a platform keeps: its policy, its databases, and when it was backed up."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from portico_server.host.supervisor.check import Check
from portico_server.host.supervisor.data_lock import holder
from portico_server.host.supervisor.look_at_postgresql import postgresql
from portico_server.host.supervisor.problems import all_problems
from portico_server.host.supervisor.state import read_state
from portico_server.platform import outbox
from portico_server.platform.backup.data_folder import LATEST
from portico_server.platform.blobs.stores import FILE as STORES
from portico_server.platform.blobs.stores import read_stores
from portico_server.platform.issuers import FILE, IN_FORCE, IssuersError, parse_issuers, read_issuers
from portico_server.platform.keyring.identity import issuer_of
from portico_server.platform.settings import SettingError, Settings

LONGEST_LOOK_SECONDS = 5.0
"""At one database; a large one is not read to its end."""
OLDEST_BACKUP = datetime.timedelta(days=7)
_INSTRUCTIONS_BETWEEN_LOOKS = 10_000
_RESTORE = "Stop the platform; restore the file from a copy, if there is one beside it or in a backup."


def policy(settings: Settings) -> Iterator[Check]:
    """The policy file. With a broken one no platform starts; one that runs keeps to what it read before."""
    from portico_server.platform.policy_bindings import PolicyError, read_bindings

    path = settings.data / "policy.toml"
    if not path.exists():
        yield Check("policy", True, f"there is no {path}: the policies of accounts alone decide")
        return
    try:
        bindings = read_bindings(path)
    except PolicyError as error:
        remedy = "Mend the file; a platform that runs keeps to the policy that it read before."
        yield Check("policy", False, str(error), remedy)
    else:
        yield Check("policy", True, f"{path} has {len(bindings)} bindings")


def issuers(settings: Settings) -> Iterator[Check]:
    """Further issuers of tokens, where there are any: their file, and what the platform last found wrong with them."""
    path = settings.data / FILE
    try:
        found = parse_issuers(read_issuers(path, issuer_of(settings.trust_domain)), issuer_of(settings.trust_domain))
    except IssuersError as error:
        remedy = "Mend the file; a platform that runs keeps to what it read before, one that starts trusts none."
        yield Check("issuers", False, str(error), remedy)
        return
    if not found:
        return
    try:
        problems = json.loads((settings.run / IN_FORCE).read_bytes())["problems"]
    except (OSError, ValueError, KeyError, TypeError):
        problems = []  # it has not run
    detail = "; ".join(problems) or f"{path} has {len(found)} issuers"
    remedy = "Mend what is named; keys of before stay in force." if problems else ""
    yield Check("issuers", not problems, detail, remedy)


def stores(settings: Settings) -> Iterator[Check]:
    """The file that describes stores outside, where there is one. With a broken one no platform starts."""
    try:
        found = read_stores(settings.data)
    except SettingError as error:
        yield Check("stores", False, str(error), "Mend what is named: no platform starts with it.")
        return
    if found.others:
        names = ", ".join(one.store.name for one in found.others)
        yield Check("stores", True, f"{settings.data / STORES} describes {names}; `portico stores check` asks them")


def in_force(settings: Settings) -> Iterator[Check]:
    """What a platform that runs could not put in force, or renew."""
    state = read_state(settings.run)
    if state is None or holder(settings.data) != state.pid:
        return
    for name, problem in all_problems(settings, state).items():
        yield Check(name, False, problem, f"Mend what is named; more is in {settings.data / 'logs'}.")


def databases(settings: Settings) -> Iterator[Check]:
    """Whether each can be read."""
    if settings.database != "sqlite":
        yield from postgresql(settings.database)
        return
    for path in sorted((settings.data / "databases").glob("*.sqlite")):
        name = f"database {path.stem}"
        try:
            detail, audit_events = _sqlite_detail(path)
        except ValueError as error:
            yield Check(name, False, f"{path}: {error}", _RESTORE)
            continue
        few = audit_events < outbox.MANY_AUDIT_EVENTS
        told = f"; {audit_events:,} audit events wait in it until they are collected" if audit_events else ""
        yield Check(name, few, detail + told, "" if few else outbox.MANY_REMEDY)


def backup(settings: Settings) -> Iterator[Check]:
    """How old the last backup is, as far as it was made by `portico backup`."""
    try:
        fields = json.loads((settings.data / LATEST).read_bytes())
        made_at, path = datetime.datetime.fromisoformat(fields["created_at"]), str(fields["path"])
    except FileNotFoundError:
        yield Check("backup", True, "none was made yet by `portico backup DESTINATION`")
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Check("backup", False, f"{settings.data / LATEST}: {error}", "Remove that file, and make a backup.")
        return
    age = datetime.datetime.now(datetime.UTC) - made_at
    fresh = age < OLDEST_BACKUP
    remedy = "" if fresh else "Make one: portico backup DESTINATION; best by a timer, see docs/operations.md."
    yield Check("backup", fresh, f"the last one is {age.days} days old: {path}", remedy)


def _sqlite_detail(path: Path) -> tuple[str, int]:
    """What to say of a database that can be read, and how many audit events wait in it. Raises ValueError for one that
    cannot be read."""
    import apsw

    # Without a log beside it nobody has it open; then nothing is written beside it for this look either.
    unused = not path.with_name(f"{path.name}-wal").exists()
    location = f"file:{quote(str(path))}?mode=ro" + ("&immutable=1" if unused else "")
    begin = time.monotonic()
    try:
        connection = apsw.Connection(location, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        try:
            connection.set_busy_timeout(round(LONGEST_LOOK_SECONDS * 1000))
            connection.set_progress_handler(
                lambda: time.monotonic() - begin > LONGEST_LOOK_SECONDS, _INSTRUCTIONS_BETWEEN_LOOKS
            )
            if not connection.table_exists("main", "platform_migration"):
                raise ValueError("its tables are gone")
            found = connection.execute("PRAGMA quick_check(1)").fetchall()
            waiting = dict(connection.execute(outbox.COUNT))
        finally:
            connection.close()
    except apsw.InterruptError:
        return f"{path} can be read; it is too large to look at all of it now", 0
    except apsw.Error as error:
        raise ValueError(str(error)) from error
    if found != [("ok",)]:
        raise ValueError(f"it is damaged: {found[0][0]}")
    return f"{path} can be read and is whole", int(str(waiting.get(outbox.AUDIT, 0)))
