"""What must hold of rows, outbox, format and the copy kept of an older one after a cut."""

from __future__ import annotations

from pathlib import Path

import apsw

from portico_server.host.supervisor.first_start import prepare
from portico_server.platform.database import Database
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.outbox import Outbox
from portico_server.platform.settings import Settings
from tests.faults.power.loads.records import FORMATS, ROWS, WRITERS
from tests.faults.power.loads.saying import numbered
from tests.faults.power.loads.whole import check_whole

_COPY = "records.sqlite.before-0002"


async def check(data: Path, said: list[str], seed: int) -> None:
    """Opens the file as the newer release would, whatever format the cut left."""
    prepare(data)
    path = data / "databases" / "records.sqlite"
    had_copy = (copy := path.with_name(_COPY)).exists()
    databases = LocalDatabases(Settings(data=data))
    database = await databases.open("records", FORMATS / "second")
    await _check_rows(database, said)
    await _check_events(database, said)
    await databases.close()
    check_whole(path)
    if "migrated" in said:
        assert had_copy, "the format changed and no copy of the file of before is there"
        before = said[: said.index("migrated")]
        assert _rows(copy) == ROWS * sum(line.startswith("done") for line in before)
    if copy.exists():
        check_whole(copy)


async def _check_rows(database: Database, said: list[str]) -> None:
    query = "SELECT writer, batch, count(*), min(size_bytes IN (0, length(body))) FROM record GROUP BY writer, batch"
    found: dict[int, set[int]] = {writer: set() for writer in range(WRITERS)}
    for writer, number, rows, right in await database.scan(query):
        assert (rows, right) == (ROWS, 1), f"half of batch {number} of writer {writer}"
        found[writer].add(number)
    for writer, numbers in found.items():
        done, begun = numbered(said, f"done {writer}"), numbered(said, f"begun {writer}")
        assert done <= numbers, f"lost of writer {writer}: {sorted(done - numbers)}"
        assert numbers <= begun, f"never begun by writer {writer}: {sorted(numbers - begun)}"


async def _check_events(database: Database, said: list[str]) -> None:
    """An event is there exactly when its rows are, but for those that were taken."""
    kept = {event.body.decode() for event in await Outbox(database).take(1000)}
    batches = {f"{row[0]} {row[1]}" for row in await database.scan("SELECT DISTINCT writer, batch FROM record")}
    taken = {line.removeprefix("taken ") for line in said if line.startswith("taken ")}
    assert kept <= batches, "an event without its change"
    assert batches - kept <= taken, "a change without its event"


def _rows(copy: Path) -> int:
    connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(connection.execute("SELECT count(*) FROM record").fetchall()[0][0])
    finally:
        connection.close()
