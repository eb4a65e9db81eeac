"""The machine's clock is set forward or back: keys, certificates and ids behave as docs/faults.md says."""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import random
import time
from pathlib import Path

import pytest
from cryptography import x509

from portico_server.host.supervisor.profile import Profile
from portico_server.host.supervisor.renewal import renew_node_certificate
from portico_server.platform.ids import Ids
from portico_server.platform.keyring import Keyring, authority
from portico_server.platform.keyring.keyring import KeyPair
from tests.contract.clocks import FakeClock

HOUR = datetime.timedelta(hours=1)
DAY_SECONDS = 24 * 3600


def set_clock(monkeypatch: pytest.MonkeyPatch, ahead: datetime.timedelta) -> None:
    """What makes certificates believes that it is so much later than it is."""
    monkeypatch.setattr(authority, "_now", lambda: datetime.datetime.now(datetime.UTC) + ahead)


def opened(data: Path) -> Keyring:
    return Keyring.open(data, "portico.local", ["localhost"])


def valid_from(pem: bytes) -> datetime.datetime:
    return x509.load_pem_x509_certificate(pem).not_valid_before_utc


def nothing_is_wrong(problem: str) -> None:
    assert not problem


async def renewed(keyring: Keyring, current: KeyPair) -> KeyPair:
    """What replaces a node's certificate, as soon as it is replaced."""
    used: asyncio.Queue[KeyPair] = asyncio.Queue()
    shown = [current]

    def renew() -> None:
        shown.append(keyring.new_node_certificate(lifetime_seconds=DAY_SECONDS))
        used.put_nowait(shown[-1])

    renewal = asyncio.create_task(renew_node_certificate(lambda: shown[-1], DAY_SECONDS, renew, nothing_is_wrong))
    try:
        return await asyncio.wait_for(used.get(), 30)
    finally:
        renewal.cancel()


async def test_a_node_certificate_of_a_time_to_come_is_replaced_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was made before the clock was set back; no client takes it until then."""
    keyring = opened(tmp_path)
    set_clock(monkeypatch, 5 * HOUR)
    ahead = keyring.new_node_certificate(lifetime_seconds=DAY_SECONDS)
    set_clock(monkeypatch, 0 * HOUR)
    assert valid_from((await renewed(keyring, ahead)).certificate_pem) <= datetime.datetime.now(datetime.UTC)


async def test_a_node_certificate_that_a_clock_set_forward_has_ended_is_replaced_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = opened(tmp_path)
    set_clock(monkeypatch, -48 * HOUR)
    ended = keyring.new_node_certificate(lifetime_seconds=DAY_SECONDS)
    set_clock(monkeypatch, 0 * HOUR)
    new = x509.load_pem_x509_certificate((await renewed(keyring, ended)).certificate_pem)
    assert new.not_valid_after_utc > datetime.datetime.now(datetime.UTC)


def test_the_administrators_certificate_of_a_time_to_come_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring, profile = opened(tmp_path / "data"), Profile(tmp_path / "profile")
    set_clock(monkeypatch, 5 * HOUR)
    profile.refresh(keyring, tmp_path / "data", "127.0.0.1:1")
    set_clock(monkeypatch, 0 * HOUR)
    profile.refresh(keyring, tmp_path / "data", "127.0.0.1:1")
    assert valid_from((profile.folder / "client.pem").read_bytes()) <= datetime.datetime.now(datetime.UTC)


def test_a_token_key_that_is_added_after_the_clock_was_set_back_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = opened(tmp_path)
    keyring.rotate_token_key()
    before = {key["kid"] for key in keyring.jwks()["keys"]}
    back_ns = time.time_ns() - 5 * 3600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: back_ns)
    keyring.rotate_token_key()
    token = keyring.sign_token("accounts/default/principals/a", client_id="test", lifetime_seconds=60)
    header = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    assert header["kid"] not in before
    assert before < {key["kid"] for key in opened(tmp_path).jwks()["keys"]}


def test_ids_are_never_given_twice_whatever_the_clock_says() -> None:
    clock = FakeClock()
    ids = Ids(clock, random.SystemRandom())
    given = set()
    for seconds in (0, 3600, -7200, 3600):
        clock.advance(seconds)
        given |= {ids.mint()[0] for _ in range(100)}
    assert len(given) == 400
