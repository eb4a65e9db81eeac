"""One grammar for the names of resources."""

from __future__ import annotations

import pytest

from portico_server.platform.authorization import below
from portico_server.platform.names import account_of, is_name


@pytest.mark.parametrize(
    "name",
    [
        "accounts/default",
        "accounts/a/buckets/my.bucket-1",
        "accounts/a/buckets/b/objects/photos/1.jpg",
        "accounts/a/buckets/b/objects//double//slashes/",
        "accounts/a/buckets/b/objects/../../etc/passwd",
        "accounts/a/buckets/b/objects/é\n\N{GRINNING FACE}",
        "accounts/a/principals/ada",
        "operations/objects/123",
    ],
)
def test_these_are_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "accounts",
        "accounts/",
        "/accounts/a",
        "accounts/a/",
        "accounts/A",
        "accounts/a/buckets",
        "accounts/a/Buckets/b",
        "accounts/../buckets/b",
        "accounts/a//b",
        "accounts/a/buckets/b/objects/",
        "accounts/a/buckets/b/objects/nul\0",
        "accounts/a\n",
        "accounts/-a",
        "projects/a",
        "accounts/" + "a" * 3000,
    ],
)
def test_these_are_none(name: str) -> None:
    assert not is_name(name)


def test_the_account_is_the_second_part() -> None:
    assert account_of("accounts/a/buckets/b") == "a"
    assert account_of("operations/objects/1") == ""
    assert account_of("accounts") == ""


@pytest.mark.parametrize(
    ("name", "entry", "expected"),
    [
        ("accounts/a", "accounts/a", True),
        ("accounts/a/buckets/b", "accounts/a", True),
        ("accounts/ab", "accounts/a", False),
        ("accounts/a/buckets/b/objects/x/y", "accounts/a/buckets/b/objects/x/", True),
        ("accounts/a/buckets/b/objects/x", "accounts/a/buckets/b/objects/x/", False),
    ],
)
def test_a_name_is_below_an_entry_by_whole_parts(name: str, entry: str, expected: bool) -> None:
    assert below(name, entry) is expected
