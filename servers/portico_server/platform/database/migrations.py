"""Numbered migrations: files `0001_first.sql`, `0002_….sql` of a package folder, applied once, in order.

Each runs in a transaction of its own. A database is stamped with what was applied to it, a row a migration. It holds
two sets of tables: the platform's own (leases, outbox, …) and the product's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
WRITE_STAMP = "INSERT INTO platform_migration (component, number, name, applied_at_us) VALUES ($1, $2, $3, $4)"

COMPONENT_PLATFORM = "platform"

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


class FormatTooNew(DatabaseError):
    """The database was written by a newer release; it is not touched."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: what it belongs to (`platform`, or the product's name), its number, its name, its statements."""

    component: str
    number: int
    name: str
    script: str

    @property
    def label(self) -> str:
        """For file names: `0002`, and `platform-0002` for the platform's own."""
        prefix = f"{self.component}-" if self.component == COMPONENT_PLATFORM else ""
        return f"{prefix}{self.number:04}"


def migrations_of(product: str, folder: Traversable) -> list[Migration]:
    """All migrations of a product's database, the platform's first. Raises ValueError for misnumbered files."""
    own = resources.files("portico_server.platform.database") / "platform_tables"
    return [*_load(COMPONENT_PLATFORM, own), *_load(product, folder)]


def pending(database: str, migrations: Sequence[Migration], applied: dict[str, int]) -> list[Migration]:
    """What is still to be applied; `applied` is each component's highest number. Raises FormatTooNew."""
    for component, number in applied.items():
        known = max((one.number for one in migrations if one.component == component), default=0)
        if number > known:
            raise FormatTooNew(
                f"{database}: its {component} tables have format {number}; this release knows formats up to {known}. "
                f"Run the release that wrote it (or a newer one), or restore a copy from before that format."
            )
    return [one for one in migrations if one.number > applied.get(one.component, 0)]


def _load(component: str, folder: Traversable) -> list[Migration]:
    found = []
    for file in folder.iterdir():
        if match := _FILE.fullmatch(file.name):
            found.append(Migration(component, int(match[1]), match[2], file.read_text(encoding="utf-8")))
    found.sort(key=lambda one: one.number)
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations of {component} are not numbered 0001, 0002, … without a gap")
    return found
