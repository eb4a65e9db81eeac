"""A platform under load whose processes are killed, and all that is looked at then."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import portico
from tests.e2e.s3.conftest import door_of
from tests.faults.histories.calls import History
from tests.faults.histories.checking import violations
from tests.faults.kills.afterwards import Left, check_what_is_left
from tests.faults.kills.buckets import make_buckets
from tests.faults.kills.keys import KEPT, PLAIN
from tests.faults.kills.killing import kill_many
from tests.faults.kills.listening import Listener
from tests.faults.kills.load import CLIENTS, Load
from tests.faults.kills.looking import tell_order
from tests.faults.kills.recording import Recorder
from tests.harness import RunningPlatform, running_platform


def hurried_platform(folder: Path, **settings: Any) -> AbstractContextManager[RunningPlatform]:
    """Starts again at once what dies, and removes soon what nobody needs."""
    return running_platform(
        folder, application="tests.faults.kills.hurried:app", supervisor="tests.faults.kills.supervisor", **settings
    )


def under_load(platform: RunningPlatform, seed: int) -> Load:
    """Clients who have not begun yet, and buckets for them."""
    make_buckets(str(platform.profile))
    s3 = door_of(platform).client(max_pool_connections=CLIENTS)
    tell_order(s3)
    record = Recorder(History(versioned=frozenset({KEPT})))
    return Load(s3, record, seed, Listener(str(platform.profile), record, seed))


def survive(folder: Path, kills: int, seed: int, store: RunningPlatform | None = None, **settings: Any) -> Left:
    """A platform with these settings under load, killed so often; `store`: where its bytes are, killed too."""
    with hurried_platform(folder, **settings) as platform:
        load = under_load(platform, seed)
        load.start()
        try:
            kill_many(platform, load, kills, store)
        finally:
            load.stop()
        look_at_all(load)
        check_bytes(platform)
    check_history(load, kills)
    left = asyncio.run(check_what_is_left(platform.settings, PLAIN, KEPT))
    assert left.versions > kills // 2
    charged = load.charged
    assert charged.answered_since <= left.charged <= charged.sent, (left.charged, vars(charged))
    return left


def look_at_all(load: Load) -> None:
    """When nobody writes any more."""
    load.look_at_all()
    load.uploads.check_all(PLAIN, KEPT)
    load.listener.read_all()


def check_history(load: Load, kills: int) -> None:
    found, told = violations(load.record.history), load.record.counts
    print(
        f"{kills} kills, {len(load.record.history.calls)} steps of {dict(told)}, "
        f"{len(load.listener.told)} notifications, {len(found)} violations"
    )
    assert not found, "\n".join(found[:5])
    assert told["acknowledged"] > 3 * kills, "hardly anything was written between the kills"
    assert told["unknown"] >= kills // 4, "hardly anything was under way when it was killed"


def check_bytes(platform: RunningPlatform) -> None:
    """All that is stored has its digests."""
    with portico.connect(str(platform.profile)) as connected:
        for bucket in (PLAIN, KEPT):
            assert not connected.buckets.scrub(bucket).damaged_versions
