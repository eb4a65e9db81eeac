"""How SQLite goes about each statement: by an index to what it needs, never through a whole table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico_server.objects.store import (
    buckets,
    collecting,
    expiring,
    freeing,
    ledger,
    listing,
    notifications,
    objects,
    parts,
    removal,
    uploads,
    usage,
    versions,
)
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import standing

MODULES = (
    *(buckets, collecting, expiring, freeing, ledger, listing, notifications, objects),
    *(parts, removal, uploads, usage, versions),
)
THROUGH_A_TABLE = re.compile(
    r"SCAN (bucket|object|version|inline_bytes|file|ledger|usage|usage_day|upload|part|freed_list"
    r"|notice|notification|queue|o|v|n|i)\b"
    r"|SEARCH (object|version|o|v|n) .*\(bucket=\?\)$"
)
"""A whole table, or a whole bucket of it."""
FRAGMENTS = ("_LEDGER",)
ONLY_THE_FIRST = {"collecting._OLDEST", "buckets._ANY_OBJECT", "buckets._ANY_VERSION"}
FOR_A_BACKUP = {"collecting.FILES_IN_USE"}
"""Asked of a copy, for all that it holds."""


def statements() -> Iterator[tuple[str, str]]:
    for module in MODULES:
        for name, value in vars(module).items():
            texts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
            for number, text in enumerate(texts):
                if (
                    name not in FRAGMENTS
                    and isinstance(text, str)
                    and re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text)
                ):
                    yield f"{module.__name__.rpartition('.')[2]}.{name}.{number}", text


STATEMENTS = dict(statements()) | {
    f"versions.get {version_id}": versions._get(version_id) for version_id in ("null", "0123")
}


async def test_no_statement_goes_through_a_table(tmp_path: Path) -> None:
    assert len(STATEMENTS) > 40
    async with standing(Settings(data=tmp_path)) as stand:
        for name, sql in STATEMENTS.items():
            parameters = len(set(re.findall(r"\$\d+", sql)))
            try:
                explained = await stand.database.scan(f"EXPLAIN QUERY PLAN {sql}", *[None] * parameters)
            except Exception as error:
                pytest.fail(f"{name}: {error}\n{sql}")
            steps = [row[3] for row in explained if THROUGH_A_TABLE.match(row[3])]
            assert not steps or name.rpartition(".")[0] in ONLY_THE_FIRST | FOR_A_BACKUP, f"{name}: {steps}\n{sql}"
