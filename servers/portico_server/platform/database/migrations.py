"""Numbered migrations: files `0001_first.sql`, `0002_….sql` of a package folder, applied once, in order.

Each runs in a transaction of its own. A database is stamped with what was applied to it, a row a migration. It holds
two sets of tables: the platform's own (leases, outbox, …) and the product's.

Two adjacent releases may serve one PostgreSQL database at once. So the name of a migration says what it does to the
release before it: beside `0003_expand_colour.sql` that release goes on and may even start anew, `0004_contract_hue.sql`
takes away what only that release needed and waits until none of its processes is left. Any other migration is for
databases that no older release uses. docs/upgrade.md has the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from portico_server.platform.database.interface import DatabaseError

STAMP_TABLE = """
CREATE TABLE IF NOT EXISTS platform_migration (
  component TEXT NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  applied_at_us INTEGER NOT NULL,
  PRIMARY KEY (component, number)
) CLUSTERED;
"""
READ_STAMP = "SELECT component, max(number) FROM platform_migration GROUP BY component"
READ_APPLIED = "SELECT component, number, name FROM platform_migration"
WRITE_STAMP = "INSERT INTO platform_migration (component, number, name, applied_at_us) VALUES ($1, $2, $3, $4)"

COMPONENT_PLATFORM = "platform"

EXPAND, CONTRACT = "expand_", "contract_"

_REQUIRES = re.compile(r"^-- requires: (\d{4})$", re.MULTILINE)
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


class FormatTooNew(DatabaseError):
    """The database was written by a newer release; it is not touched."""


class OlderReleaseRuns(DatabaseError):
    """A migration that an older release would not bear has to wait for the end of its processes; it was not applied."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: what it belongs to (`platform`, or the product's name), its number, its name, its statements."""

    component: str
    number: int
    name: str
    script: str

    @property
    def contracts(self) -> bool:
        """Whether it waits until no process of an older release is left."""
        return self.name.startswith(CONTRACT)

    @property
    def least_format(self) -> int:
        """What a process must know, of this component, to serve on beside it: an older release's processes know less
        than the migration itself, and bear it where it expands, from the format on that its line `-- requires: 0002`
        names."""
        if not self.name.startswith(EXPAND):
            return self.number
        required = _REQUIRES.search(self.script)
        return int(required[1]) if required else 0

    @property
    def label(self) -> str:
        """For file names: `0002`, and `platform-0002` for the platform's own."""
        prefix = f"{self.component}-" if self.component == COMPONENT_PLATFORM else ""
        return f"{prefix}{self.number:04}"


def migrations_of(product: str, folder: Traversable) -> list[Migration]:
    """All migrations of a product's database, the platform's first. Raises ValueError for misnumbered files."""
    own = resources.files("portico_server.platform.database") / "platform_tables"
    return [*_load(COMPONENT_PLATFORM, own), *_load(product, folder)]


def formats(migrations: Sequence[Migration]) -> dict[str, int]:
    """The highest migration of each component that this release has."""
    found: dict[str, int] = {}
    for one in migrations:
        found[one.component] = max(found.get(one.component, 0), one.number)
    return found


def pending(database: str, migrations: Sequence[Migration], applied: Iterable[tuple[str, int, str]]) -> list[Migration]:
    """What is still to be applied, in order; `applied` are component, number and name of what was.

    Raises FormatTooNew where a newer release has done more than to expand.
    """
    known, done = formats(migrations), set()
    for component, number, name in applied:
        done.add((component, number))
        if number > known.get(component, 0) and not name.startswith(EXPAND):
            raise FormatTooNew(
                f"{database}: its {component} tables have format {number}; this release knows formats up to "
                f"{known.get(component, 0)}. "
                f"Run the release that wrote it (or a newer one), or restore a copy from before that format."
            )
    return [one for one in migrations if (one.component, one.number) not in done]


def _load(component: str, folder: Traversable) -> list[Migration]:
    found = []
    for file in folder.iterdir():
        if match := _FILE.fullmatch(file.name):
            found.append(Migration(component, int(match[1]), match[2], file.read_text(encoding="utf-8")))
    found.sort(key=lambda one: one.number)
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations of {component} are not numbered 0001, 0002, … without a gap")
    return found
