"""What stands in the way of a start is told in a line or two, with what to do; the traceback is in the log alone."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness import StartFailed, running_platform


def broken_policy(data: Path) -> None:
    (data / "policy.toml").write_text("[[bindings]]\nprincipals = 5\n")


def no_database(data: Path) -> None:
    (data / "databases").mkdir()
    (data / "databases" / "objects.sqlite").write_text("this is none" * 1000)


def short_key(data: Path) -> None:
    (data / "keys").mkdir()
    (data / "keys" / "page-token.key").write_bytes(b"x")


def nothing(data: Path) -> None:
    pass


FAILURES = [
    (
        "an unknown product",
        nothing,
        {"only": ("nope",), "processes": ()},
        "`only` names 'nope'; the products are access, objects",
    ),
    ("a module that is not there", nothing, {"extra_products": ("nope.nope",)}, "module nope.nope cannot be imported"),
    (
        "a database that is not reached",
        nothing,
        {"database": "postgresql://nobody:verysecret@127.0.0.1:1/x"},
        "check the setting database",
    ),
    ("a broken policy", broken_policy, {}, "policy.toml:1: bindings[0].principals: must be a list"),
    ("a database that is none", no_database, {"database": "sqlite"}, "objects.sqlite: the database file is damaged"),
    ("a key that is none", short_key, {}, "page-token.key is not the key"),
    ("an application that is not there", nothing, {"application": "nope:app"}, "No module named 'nope'"),
]


@pytest.mark.parametrize(
    ("prepare", "settings", "told"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES]
)
def test_what_stands_in_the_way_is_told_in_two_lines(
    tmp_path: Path, prepare: Callable[[Path], None], settings: dict[str, Any], told: str
) -> None:
    (tmp_path / "data").mkdir()
    prepare(tmp_path / "data")
    with pytest.raises(StartFailed) as failure, running_platform(tmp_path, **settings):
        pass
    message = str(failure.value)
    assert told in message
    assert message.count("\n") <= 1
    assert "Traceback" not in message
    assert "verysecret" not in message


def test_a_metrics_port_that_is_taken_is_told_with_its_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StartFailed) as failure, running_platform(tmp_path, metrics_listen=address):
            pass
    assert f"metrics_listen is {address}" in str(failure.value)
    assert "Address already in use" in str(failure.value)
    assert "give another port" in str(failure.value)
