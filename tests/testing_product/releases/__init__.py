"""Three releases of a product that keeps notes, as docs/upgrade.md tells of them: a column `text` becomes `body`.

Named in `extra_products` as `tests.testing_product.releases.first`, `.second`, `.third`. It serves the testing
product's contract: `Unary` with the metadata `x-testing-note: 7` keeps its text as note 7, without it answers all notes
as JSON, `[[7, "text"]]`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from portico_server.platform.database import Batch, Database, Statement
from portico_server.platform.database.postgresql import presence
from portico_server.platform.product import Platform, Product, Running
from tests.testing_product.product import pb, rpc

NOTE = "x-testing-note"
MIGRATIONS = [
    "0001_first.sql",
    "0002_expand_body.sql",
    "0003_expand_fill.sql",
    "0004_contract_text.sql",
]
SCRIPTS = {
    "0001_first.sql": "CREATE TABLE note (id INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL DEFAULT '') HEAP;",
    "0002_expand_body.sql": "ALTER TABLE note ADD COLUMN body TEXT;",
    "0003_expand_fill.sql": "-- requires: 0002\nUPDATE note SET body = text WHERE body IS NULL;",
    "0004_contract_text.sql": "ALTER TABLE note DROP COLUMN text;",
}
WRITE = {
    1: "INSERT INTO note (id, text) VALUES ($1, $2)",
    2: "INSERT INTO note (id, text, body) VALUES ($1, $2, $2)",
    3: "INSERT INTO note (id, body) VALUES ($1, $2)",
}
READ = {
    1: "SELECT id, text FROM note ORDER BY id",
    2: "SELECT id, COALESCE(body, text) FROM note ORDER BY id",
    3: "SELECT id, body FROM note ORDER BY id",
}
KNOWS = {1: 1, 2: 2, 3: 4}
"""How many of the migrations a release has."""


class _Notes(rpc.TestingServiceServicer):
    def __init__(self, release: int, database: Database) -> None:
        self._release = release
        self._database = database

    async def Unary(self, request: pb.UnaryRequest, context: Any) -> pb.UnaryResponse:
        for number in (value for key, value in context.invocation_metadata() if key == NOTE):
            await self._database.batch(Batch([Statement(WRITE[self._release], (int(number), request.text))]))
            return pb.UnaryResponse(text=request.text)
        return pb.UnaryResponse(text=json.dumps(await self._database.scan(READ[self._release])))


def of_release(number: int) -> Product:
    """The product as this release has it."""

    @asynccontextmanager
    async def run(platform: Platform) -> AsyncIterator[Running]:
        presence.RENEWAL_SECONDS = 0.5  # so that tests need not wait for what takes place at a renewal
        folder = platform.settings.data / f"release-{number}"
        write_migrations(folder, number)
        database = await platform.databases.open("notes", folder)
        yield Running(servicers=[(rpc.add_TestingServiceServicer_to_server, _Notes(number, database))])

    return Product(name="testing", contracts=[pb.DESCRIPTOR], run=run)


def write_migrations(folder: Path, release: int) -> None:
    """Those that a release has, as files."""
    folder.mkdir(exist_ok=True)
    for name in MIGRATIONS[: KNOWS[release]]:
        (folder / name).write_text(SCRIPTS[name])
