"""The supervisor's further issuers at a start: what is believed before anything could be fetched."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from portico_server.host.envoy import WatchedFiles
from portico_server.host.envoy.jwt import TrustedIssuer
from portico_server.host.supervisor import issuers as supervisor_issuers
from portico_server.host.supervisor.in_force import InForce
from portico_server.host.supervisor.issuers import Issuers
from portico_server.platform.settings import Settings

ISSUER, URL = "https://a.example", "https://localhost:1/jwks"
TEXT = f"""
[[issuers]]
issuer = "{ISSUER}"
jwks_url = "{URL}"
audiences = ["us"]
algorithms = ["ES256"]
principals = "accounts/default/principals/a-{{sub}}"
"""


class Recorder(InForce):
    """What was put in force last."""

    issuers: Sequence[TrustedIssuer] = ()

    def use_issuers(self, issuers: Sequence[TrustedIssuer]) -> None:
        self.issuers = issuers


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data=tmp_path)
    settings.run.mkdir(parents=True)
    return settings


def started(settings: Settings) -> tuple[Recorder, list[str]]:
    recorder, said = Recorder(WatchedFiles(settings.run / "watched")), list[str]()
    Issuers(settings, recorder, said.append).put_in_force()
    return recorder, said


def keep(settings: Settings, url: str = URL) -> None:
    """The set that an earlier run has fetched."""
    folder = settings.data / "issuers"
    folder.mkdir(exist_ok=True)
    keys = {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}
    name = hashlib.sha256(f"{ISSUER}\n{url}".encode()).hexdigest()
    (folder / f"{name}.json").write_text(json.dumps(keys))


def test_without_a_file_nobody_else_is_believed(settings: Settings) -> None:
    recorder, said = started(settings)
    assert (list(recorder.issuers), said) == ([], [])


def test_the_last_good_set_is_believed_though_its_server_is_away(settings: Settings) -> None:
    (settings.data / "issuers.toml").write_text(TEXT)
    assert not started(settings)[0].issuers
    keep(settings, "https://localhost:2/jwks")
    assert not started(settings)[0].issuers, "it is another server's"
    keep(settings)
    assert [issuer.issuer for issuer in started(settings)[0].issuers] == [ISSUER]


def test_with_a_broken_file_nobody_is_believed_at_a_start_and_it_is_said(settings: Settings) -> None:
    keep(settings)
    (settings.data / "issuers.toml").write_text(TEXT + "[[issuers]]\n")
    recorder, said = started(settings)
    assert not recorder.issuers
    assert "issuers[1].issuer" in said[0]
    assert len(json.loads((settings.run / "issuers.json").read_bytes())["problems"]) == 1


async def test_a_run_folder_that_can_be_written_again_is_no_problem_any_more(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_issuers, "POLL_SECONDS", 0.01)
    said: asyncio.Queue[str] = asyncio.Queue()
    told = settings.run / "issuers.json"
    told.mkdir()  # in the way of the file
    keeping = asyncio.create_task(
        Issuers(settings, Recorder(WatchedFiles(settings.run / "watched")), said.put_nowait).keep_fresh()
    )
    try:
        async with asyncio.timeout(30):
            assert "the run folder" in await said.get()
            told.rmdir()
            assert await said.get() == "issuers: the run folder: mended"
    finally:
        keeping.cancel()


def test_what_breaks_later_leaves_what_is_in_force(settings: Settings) -> None:
    keep(settings)
    path = settings.data / "issuers.toml"
    path.write_text(TEXT)
    recorder, said = Recorder(WatchedFiles(settings.run / "watched")), list[str]()
    issuers = Issuers(settings, recorder, said.append)
    for content in (TEXT, "broken", TEXT):
        path.write_text(content)
        issuers.put_in_force()
        assert len(recorder.issuers) == 1
    assert ["mended" in line for line in said] == [False, True]
