"""A list shows what the caller may see, nothing else, and in the query itself."""

from __future__ import annotations

import apsw
import pytest

from portico_server.platform.authorization import Filter, Part
from portico_server.platform.database.portable import for_sqlite
from portico_server.platform.visibility import visible

NAMES = [
    "accounts/a",
    "accounts/a/buckets/b",
    "accounts/a/buckets/b/objects/x",
    "accounts/a/buckets/b/objects/x/y",
    "accounts/a/buckets/b/objects/xy",
    "accounts/a/buckets/b-2",
    "accounts/a/buckets/b.c",
    "accounts/a/buckets/b0",
    "accounts/a/buckets/b/objects/é",
    "accounts/ab/buckets/b",
]

FILTERS = [
    Filter(True),
    Filter(False),
    Filter(True, (), ("accounts/a/buckets/b",)),
    Filter(False, ("accounts/a/buckets/b",)),
    Filter(False, ("accounts/a/buckets/b/objects/x/",)),
    Filter(False, ("accounts/a", "accounts/ab"), ("accounts/a/buckets/b/objects/x", "accounts/ab/buckets/b")),
    Filter(False, ("accounts/a/buckets/b/objects/é", "accounts/a/buckets/b0")),
    Filter(False, parts=(Part("accounts/a", ("accounts/a/buckets/b",)), Part("accounts/a/buckets/b/objects/x"))),
    Filter(False, ("accounts/ab",), ("accounts/a/buckets/b0",), (Part("accounts/a", ("accounts/a/buckets/b",)),)),
    Filter(False, parts=(Part("accounts/a/buckets/b/objects/", ("accounts/a/buckets/b/objects/x/",)),)),
]


def seen(allowed: Filter) -> list[str]:
    """What a query with the condition finds, its first parameter taken by something else."""
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t (name TEXT PRIMARY KEY) STRICT")
    connection.executemany("INSERT INTO t VALUES (?)", [(name,) for name in NAMES])
    condition, values = visible(allowed, "name", 2)
    query = f"SELECT name FROM t WHERE name <> $1 AND {condition}"
    return sorted(row[0] for row in connection.execute(for_sqlite(query).sql, ("", *values)))


def test_a_filter_may_have_thousands_of_entries() -> None:
    many = tuple(f"accounts/c/buckets/b{number}" for number in range(3000))
    assert seen(Filter(False, (*many, "accounts/ab"))) == ["accounts/ab/buckets/b"]
    assert seen(Filter(True, (), (*many, "accounts/a"))) == ["accounts/ab/buckets/b"]
    few = many[:500]
    parts = (*(Part(entry, (entry + "/x",)) for entry in few), Part("accounts/ab", few))
    assert seen(Filter(False, parts=parts)) == ["accounts/ab/buckets/b"]


@pytest.mark.parametrize("allowed", FILTERS, ids=str)
def test_the_query_shows_what_the_filter_allows(allowed: Filter) -> None:
    assert seen(allowed) == sorted(filter(allowed.shows, NAMES))


def test_a_prefix_does_not_show_its_neighbours() -> None:
    allowed = Filter(False, ("accounts/a/buckets/b",))
    assert seen(allowed) == sorted(
        name for name in NAMES if name == "accounts/a/buckets/b" or ("/b/" in name and "/a/" in name)
    )


def test_names_go_as_parameters() -> None:
    condition, values = visible(Filter(False, ("x' OR 1 = 1 --",)), "name", 3)
    assert condition == "(name = $3 OR name >= $4 AND name < $5)"
    assert values == ["x' OR 1 = 1 --", "x' OR 1 = 1 --/", "x' OR 1 = 1 --0"]
