"""A process that writes rows and, in the same batches, events to the outbox; then takes the file to a newer format.

    python -m tests.faults.power.loads.records DATA SEED STEPS [FROM [until-failed]]

With FROM it writes only batches of these numbers, in the format of before, and ends as if it were killed: at the end,
or as soon as a batch has failed.
It says `open` and, once the newer format is in use, `migrated`; for each batch `begun WRITER NUMBER` and `done WRITER
NUMBER`, or `failed` with the error; and `taken ID` for events that were taken and are removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from pathlib import Path

from portico_server.host.supervisor.first_start import prepare
from portico_server.platform.database import ANY, Batch, Database, DatabaseError, Statement
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.outbox import AUDIT, Outbox, emit
from portico_server.platform.settings import Settings
from tests.faults.power.loads.saying import say

FORMATS = Path(__file__).parent / "formats"
WRITERS = 6
ROWS = 3  # of a batch
_INSERT = "INSERT INTO record (writer, batch, number, body) VALUES ($1, $2, $3, $4)"
_LARGEST_BYTES = 9_000


def batch(writer: int, number: int, chance: random.Random) -> Batch:
    """Rows and an event that tells of them."""
    rows = [
        Statement(_INSERT, (writer, number, row, bytes([writer]) * chance.randrange(_LARGEST_BYTES)))
        for row in range(ROWS)
    ]
    return Batch([*rows, emit(AUDIT, f"{writer} {number}".encode(), number)])


async def write(database: Database, writer: int, numbers: range, seed: int) -> None:
    chance = random.Random(f"{seed}/{writer}/{numbers.start}")
    for number in numbers:
        say(f"begun {writer} {number}")
        try:
            await database.batch(batch(writer, number, chance))
        except DatabaseError as error:
            say(f"failed {writer} {number} {type(error).__name__}")
            if "until-failed" in sys.argv:
                os._exit(0)
        else:
            say(f"done {writer} {number}")


async def take_events(database: Database) -> None:
    """As a collector does: what it has taken, and kept elsewhere, is removed."""
    for _ in range(5):
        events = await Outbox(database).take(10)
        for event in events:
            say(f"taken {event.body.decode()}")
        with contextlib.suppress(DatabaseError):
            await Outbox(database).done([event.id for event in events])


async def run(settings: Settings, form: str, numbers: range, seed: int, *, killed: bool = False) -> None:
    databases = LocalDatabases(settings)
    database = await databases.open("records", FORMATS / form)
    await database.batch(Batch([Statement("PRAGMA wal_autocheckpoint = 40", (), ANY)]))
    if form == "second":
        say("migrated")
    else:
        say("open")
    writers = [write(database, writer, numbers, seed) for writer in range(WRITERS)]
    await asyncio.gather(*writers, take_events(database))
    if killed:
        os._exit(0)
    await databases.close()


async def main() -> None:
    data, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    prepare(data)
    settings = Settings(data=data)
    if len(sys.argv) > 4:
        begin = int(sys.argv[4])
        await run(settings, "first", range(begin, begin + count), seed, killed=True)
    await run(settings, "first", range(count), seed)
    await run(settings, "second", range(count, 2 * count), seed)


if __name__ == "__main__":
    asyncio.run(main())
