"""Which values a database takes, and that both engines give back exactly what was given."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico_server.platform.database import Batch, Database, Statement
from portico_server.platform.database.portable import (
    NotPortable,
    answers_rows,
    for_sqlite,
    script_for_postgresql,
    script_for_sqlite,
)

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
FLOATS = st.floats(allow_nan=False)
serial = itertools.count()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.none() | INTEGERS, st.none() | FLOATS, st.none() | st.binary(), st.none() | TEXTS)
async def test_what_is_written_is_what_is_read(
    database: Database, number: Any, ratio: Any, data: Any, note: Any
) -> None:
    key = f"k{next(serial)}"
    insert = "INSERT INTO thing (id, number, ratio, data, note) VALUES ($1, $2, $3, $4, $5)"
    returning = Statement(insert + " RETURNING number, ratio, data, note", (key, number, ratio, data, note))
    (done,) = await database.batch(Batch([returning]))
    query = "SELECT number, ratio, data, note FROM thing WHERE id = $1"
    for rows in (done.rows, await database.read(query, key), await database.scan(query, key)):
        assert rows == [(number, ratio, data, note)]
        assert [type(value) for value in rows[0]] == [type(value) for value in (number, ratio, data, note)]
    found = await database.read("SELECT id FROM thing WHERE id = $1 AND note = $2", key, note or "")
    assert bool(found) == bool(note or note == "")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(TEXTS, max_size=12))
async def test_text_is_ordered_by_code_point(database: Database, texts: set[str]) -> None:
    log = f"log{next(serial)}/"
    await database.batch(Batch([Statement("INSERT INTO thing (id) VALUES ($1)", (log + text,)) for text in texts]))
    rows = await database.scan("SELECT id FROM thing WHERE id >= $1 AND id < $2 ORDER BY id", log, log[:-1] + "0")
    assert [row[0] for row in rows] == sorted(log + text for text in texts)


@pytest.mark.parametrize("value", [True, "a\0b", 2**63, -(2**63) - 1, float("nan"), bytearray(b"x"), ["x"], 1j])
async def test_a_value_that_is_not_portable_is_refused_before_anything_runs(database: Database, value: Any) -> None:
    good = Statement("INSERT INTO thing (id) VALUES ('good')")
    with pytest.raises(NotPortable):
        await database.batch(Batch([good, Statement("UPDATE thing SET note = $1", (value,))]))
    for read in (database.read, database.scan):
        with pytest.raises(NotPortable):
            await read("SELECT id FROM thing WHERE note = $1", value)
    with pytest.raises(NotPortable):
        await database.snapshot([("SELECT id FROM thing WHERE note = $1", (value,))])
    assert await database.read("SELECT id FROM thing") == []


async def test_text_that_is_not_unicode_is_refused(database: Database) -> None:
    good = Statement("INSERT INTO thing (id) VALUES ('good')")
    with pytest.raises(UnicodeEncodeError):
        await database.batch(Batch([good, Statement("INSERT INTO thing (id) VALUES ($1)", ("\ud800",))]))
    with pytest.raises(UnicodeEncodeError):
        await database.read("SELECT id FROM thing WHERE id = $1", "\ud800")
    assert await database.read("SELECT id FROM thing") == []


async def test_parameters_go_by_number_not_by_order(database: Database) -> None:
    await database.batch(Batch([Statement("INSERT INTO thing (number, note, id) VALUES ($3, $2, $1)", ("a", "b", 3))]))
    assert await database.read("SELECT id, note, number FROM thing WHERE number = $2 AND id = $1", "a", 3) == [
        ("a", "b", 3)
    ]


async def test_the_same_idioms_mean_the_same_on_both_engines(database: Database) -> None:
    await database.batch(Batch([Statement("INSERT INTO thing (id, number) VALUES ('Ab', 1), ('ab', 2)", (), 2)]))
    upsert = "INSERT INTO thing (id, number) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET number = excluded.number"
    await database.batch(Batch([Statement(upsert, ("Ab", 7))]))
    copy = "INSERT INTO thing (id, number) SELECT id, number FROM thing WHERE true ON CONFLICT (id) DO NOTHING"
    await database.batch(Batch([Statement(copy, (), 0)]))
    for query, expected in {
        "SELECT CAST(sum(number) AS BIGINT), count(*), max(number) FROM thing": [(9, 2, 7)],
        "SELECT 7 / 2, -7 / 2, 7 % 3": [(3, -3, 1)],
        "SELECT id FROM thing WHERE (id, number) > ('Ab', 6) ORDER BY id": [("Ab",), ("ab",)],
        "SELECT coalesce(note, 'none') || '!' FROM thing WHERE id = 'ab'": [("a;b -- c!",)],
        "SELECT length(id), substr(id, 2), instr(id, 'b') FROM thing WHERE id = 'ab'": [(2, "b", 2)],
        "SELECT CASE WHEN id = 'ab' THEN 1 ELSE 0 END FROM thing ORDER BY id": [(0,), (1,)],
    }.items():
        assert await database.read(query) == expected, query


def test_a_statement_that_answers_rows_is_told_from_one_that_does_not() -> None:
    answering = [
        "SELECT 1",
        " \n select 1",
        "VALUES (1)",
        "INSERT INTO t VALUES (1) RETURNING id",
        "WITH a AS (SELECT 1) SELECT 2",
    ]
    silent = [
        "INSERT INTO t SELECT 1",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "WITH a AS (SELECT 1) INSERT INTO t SELECT 1 FROM a",
    ]
    assert [answers_rows(sql) for sql in answering] == [True] * 5
    assert [answers_rows(sql) for sql in silent] == [False] * 4
    assert for_sqlite("SELECT $2, $10, '$x'").sql == "SELECT ?2, ?10, '$x'"


def test_a_migration_is_rewritten_for_each_engine() -> None:
    script = """
    -- words; INTEGER
    CREATE TABLE t (a INTEGER, b TEXT DEFAULT 'TEXT;', c BLOB) CLUSTERED;
    ALTER TABLE t ADD COLUMN d BLOB NOT NULL DEFAULT x'00ff';
    UPDATE t SET b = 'INTEGER';"""
    assert script_for_sqlite(script) == [
        "CREATE TABLE t (a INTEGER, b TEXT DEFAULT 'TEXT;', c BLOB) STRICT, WITHOUT ROWID",
        "ALTER TABLE t ADD COLUMN d BLOB NOT NULL DEFAULT x'00ff'",
        "UPDATE t SET b = 'INTEGER'",
    ]
    assert script_for_postgresql(script) == [
        "CREATE TABLE t (a BIGINT, b TEXT COLLATE \"C\" DEFAULT 'TEXT;', c BYTEA)",
        r"ALTER TABLE t ADD COLUMN d BYTEA NOT NULL DEFAULT '\x00ff'",
        "UPDATE t SET b = 'INTEGER'",
    ]


def test_a_table_must_say_how_its_rows_are_stored() -> None:
    with pytest.raises(NotPortable, match="CLUSTERED"):
        script_for_sqlite("CREATE TABLE t (a INTEGER);")
    with pytest.raises(NotPortable, match="CLUSTERED"):
        script_for_postgresql("CREATE TABLE t (a INTEGER);")
