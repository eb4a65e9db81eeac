"""Tables for people."""

from __future__ import annotations

import sys

import pytest

from portico_cli.output import fitted, table

LONG = "a" * 100
ROWS = [["short", "x", "what it is"], [LONG, "x", "what it is"]]


def test_a_long_name_is_cut_at_a_terminals_width_and_whole_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table(["name", "n", "what"], ROWS)
    assert LONG in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    table(["name", "n", "what"], ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert [len(line) for line in lines[1:]] == [40, 40]
    assert lines[2].startswith("aaa")
    assert "a…  x  what it is" in lines[2]
    assert lines[1].split() == ["short", "x", "what", "it", "is"]


def test_what_fits_is_left_and_nothing_is_cut_to_nothing() -> None:
    assert fitted([5, 6], 13) == [5, 6]
    assert sorted(fitted([50, 40, 3], 60)) == [3, 26, 27]
    assert fitted([50, 50, 50], 10) == [12, 12, 12]
    assert fitted([], 10) == []
