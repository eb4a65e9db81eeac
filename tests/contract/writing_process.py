"""A process that writes batches until it is killed, and says on its output which were acknowledged.

Arguments: the settings as JSON. Output: the name of each acknowledged batch, a line each.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

from portico_server.platform.database import Batch, Statement
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.settings import from_json
from tests.contract.conftest import THINGS

WRITERS = 16
ROWS = 3  # of a batch


async def main() -> None:
    database = await LocalDatabases(from_json(sys.argv[1])).open("things", THINGS)
    numbers = itertools.count()

    async def write() -> None:
        while True:
            name = f"{os.getpid()}.{next(numbers)}"
            insert = "INSERT INTO entry (log, position) VALUES ($1, $2)"
            await database.batch(Batch([Statement(insert, (name, row)) for row in range(ROWS)]))
            os.write(1, f"{name}\n".encode())

    await asyncio.gather(*(write() for _ in range(WRITERS)))


asyncio.run(main())
