"""Which host serves, and what is said where the usual one cannot."""

from __future__ import annotations

import os
import sys

import pytest

from portico_server.host import hosts
from portico_server.host.embedding import CannotEmbed, find_embedding


@pytest.fixture
def no_libpython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("find_libpython.candidate_paths", lambda: iter(()))


def test_python_is_embedded_where_it_can_be() -> None:
    host = hosts.choose("embedded")
    assert (host.name, host.notice) == ("embedded", "")
    assert host.command(["--log-level", "error"]) == [find_embedding().envoy, "--log-level", "error"]
    assert "LD_PRELOAD" in host.environment({})


def test_the_plain_host_runs_python_with_envoy_for_its_child() -> None:
    host = hosts.choose("plain")
    assert (host.name, host.notice) == ("plain", "")
    assert host.command(["--log-level", "error"])[0] == sys.executable
    assert host.command(["--log-level", "error"])[-3:] == [host.envoy, "--log-level", "error"]
    assert host.environment({"LANG": "C"}) == {"LANG": "C"}


@pytest.mark.usefixtures("no_libpython")
def test_the_plain_host_steps_in_where_python_cannot_be_embedded_and_says_so_with_the_remedy() -> None:
    host = hosts.choose("embedded")
    assert host.name == "plain"
    assert "no shared libpython" in host.notice
    assert "apt install libpython" in host.notice
    assert "\n" not in host.notice


@pytest.mark.parametrize("setting", ["embedded", "plain"])
def test_neither_runs_without_glibc(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setattr(os, "confstr_names", {})
    with pytest.raises(CannotEmbed, match="glibc"):
        hosts.choose(setting)
