"""Platforms of adjacent releases on one PostgreSQL at once, with calls to both: nobody notices the upgrade."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import psycopg
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from tests.e2e.calls import ACCOUNT
from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.postgresql import fresh_database, shared_server
from tests.harness.waiting import wait_until
from tests.testing_product.releases import NOTE

SECONDS = 60


class Caller:
    """Keeps notes and reads all back through a platform's door, again and again, until `stop`."""

    numbers = itertools.count(1)

    def __init__(self, channel: grpc.Channel) -> None:
        self._unary: Any = testing_pb2_grpc.TestingServiceStub(channel).Unary
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.failures: list[BaseException] = []
        self.kept: dict[int, str] = {}
        self._thread.start()

    def keep(self, number: int, text: str) -> None:
        self._call(text, ((NOTE, str(number)),))
        self.kept[number] = text

    def read(self) -> dict[int, str]:
        return dict(json.loads(self._call("", ())))

    def makes_calls(self) -> None:
        """Waits until it has kept some more."""
        before = len(self.kept)
        wait_until(lambda: bool(self.failures) or len(self.kept) >= before + 5, "notes are kept", SECONDS)

    def stop(self) -> None:
        self._over.set()
        self._thread.join(SECONDS)
        assert self.failures == []

    def _call(self, text: str, metadata: tuple[tuple[str, str], ...]) -> str:
        request = testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a", text=text)
        return str(self._unary(request, timeout=SECONDS, metadata=metadata).text)

    def _work(self) -> None:
        try:
            while not self._over.wait(0.02):
                number = next(self.numbers)
                self.keep(number, f"note {number}")
                assert self.kept.items() <= self.read().items()
        except BaseException as error:
            self.failures.append(error)


@contextlib.contextmanager
def node(folder: Path, database: str, release: str, authority: Path | None = None) -> Iterator[RunningPlatform]:
    """A platform of a release, with the keys of the first one and the folder of its bytes."""
    if authority is not None and not (folder / "data").exists():
        (folder / "data").mkdir(parents=True, mode=0o700)
        shutil.copytree(authority / "data" / "keys", folder / "data" / "keys")
        (folder / "data" / "blobs").symlink_to(authority / "data" / "blobs")  # as a file system that both mount
    product = {**TESTING_PRODUCT, "extra_products": (f"tests.testing_product.releases.{release}",)}
    with running_platform(folder, database=database, **product) as platform:
        yield platform


@contextlib.contextmanager
def calling(platform: RunningPlatform) -> Iterator[Caller]:
    with platform.channel() as channel:
        caller = Caller(channel)
        try:
            yield caller
        finally:
            caller.stop()


def columns(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        query = (
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'notes' AND table_name = 'note'"
        )
        return {name for (name,) in connection.execute(query)}


def test_three_releases_follow_one_another_on_two_nodes_while_calls_run_on_both(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    kept: dict[int, str] = {}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(shared_server())
        dsn = fresh_database(server)
        second = contextlib.ExitStack()
        stack.push(second)
        with node(one, dsn, "first") as old, calling(old) as on_old:
            on_old.makes_calls()
            new = second.enter_context(node(two, dsn, "second", authority=one))
            on_new = second.enter_context(calling(new))
            on_old.makes_calls()
            on_new.makes_calls()
            assert columns(dsn) == {"id", "text", "body"}
        kept |= on_old.kept
        assert kept.items() <= on_new.read().items()

        newest = stack.enter_context(node(one, dsn, "third"))
        on_newest = stack.enter_context(calling(newest))
        on_newest.makes_calls()
        on_new.makes_calls()
        assert columns(dsn) == {"id", "text", "body"}, "the second release still needs what the third does not"
        second.close()

        wait_until(lambda: columns(dsn) == {"id", "body"}, "what only the older release needed is removed", SECONDS)
        on_newest.makes_calls()
        kept |= on_new.kept
        assert kept.items() <= on_newest.read().items()
