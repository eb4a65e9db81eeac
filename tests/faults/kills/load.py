"""Clients who do a bit of everything at once, to few keys, so that they meet; with each kill they go on to new keys.

Copies go to keys of their own, from which nothing is copied: so what a copy holds is some other write's bytes.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.faults.histories.calls import Key
from tests.faults.kills.actions import Actions
from tests.faults.kills.looking import Looking
from tests.faults.kills.recording import Away, Recorder
from tests.faults.kills.uploads import Uploads

CLIENTS = 6
PLAIN, KEPT = "plain", "kept"
"""A bucket without versions, one with."""
_KEYS = 5
_COPIES = 2
_OLD_SHARE = 0.1
"""How many of the reads look at keys that nobody writes any more."""
_PAUSE_SECONDS = 0.05


@dataclass
class Load:
    """Runs from `start` to `stop`. `generation` is that of the keys that are written now."""

    s3: Any
    record: Recorder
    seed: int
    generation: int = 0
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.looking = Looking(self.s3, self.record)
        self.actions = Actions(self.s3, self.record, self.looking)
        self.uploads = Uploads(self.s3, self.record)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        chances = [random.Random(f"{self.seed}/{number}") for number in range(CLIENTS)]
        self._threads = [threading.Thread(target=self._work, args=(chance,), daemon=True) for chance in chances]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Raises what ended a client."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def look_at_all(self) -> None:
        """Every key that may ever have been put, by each way to look at it. Raises Away."""
        for key in sorted(self.record.history.by_key()):
            self.looking.get(key)
            if key.bucket == KEPT:
                for version, seen in self.looking.versions(key):
                    if seen is not None:
                        self.looking.get_version(key, version)
        for bucket in (PLAIN, KEPT):
            self.looking.list(bucket, "", 1000)
            self.looking.list(bucket, "", 7, delimiter="/")

    def _work(self, chance: random.Random) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._drawn(chance)()
                except Away:
                    self._until_the_door_opens()
        except BaseException as error:  # told by `stop`
            self.failures.append(error)

    def _until_the_door_opens(self) -> None:
        """To try by whole calls would keep the processor busy with which it is to start."""
        address = urlsplit(self.s3.meta.endpoint_url)
        while not self._stopping.is_set():
            try:
                socket.create_connection((address.hostname, address.port)).close()
                return
            except OSError:
                time.sleep(_PAUSE_SECONDS)

    def _drawn(self, chance: random.Random) -> Callable[[], object]:
        """What is done next."""
        bucket = chance.choice((PLAIN, KEPT))
        key, other = (Key(bucket, f"{self.generation:04}/{chance.randrange(_KEYS)}") for _ in range(2))
        copied = Key(chance.choice((PLAIN, KEPT)), f"{self.generation:04}/copied/{chance.randrange(_COPIES)}")
        target = chance.choice((key, key, key, copied))
        kinds: list[tuple[int, Callable[[], object]]] = [
            (20, lambda: self.actions.put(target, chance)),
            (4, lambda: self.actions.put(target, chance, if_absent=True)),
            (4, lambda: self.actions.replace(key, chance)),
            (8, lambda: self.actions.delete(target)),
            (6, lambda: self.actions.copy(key, copied)),
            (6, lambda: self.uploads.put(target, chance)),
            (4, lambda: self.actions.tag(target)),
            (30, lambda: self._look(chance, target)),
        ]
        if bucket == PLAIN:
            kinds.append((3, lambda: self.actions.delete_many(sorted({key, other}))))
        if target.bucket == KEPT:
            kinds.append((8, lambda: self.actions.delete_version(target, chance)))
        return chance.choices([do for _, do in kinds], [weight for weight, _ in kinds])[0]

    def _look(self, chance: random.Random, key: Key) -> None:
        if self.generation and chance.random() < _OLD_SHARE:
            key = Key(key.bucket, f"{chance.randrange(self.generation):04}{key.name[4:]}")
        prefix = f"{key.name[:4]}/"
        match chance.choices(("get", "range", "head", "tag", "list", "folders", "versions"), (8, 2, 2, 3, 6, 3, 4))[0]:
            case "get":
                self.looking.get(key)
            case "range":
                self.looking.get_range(key, chance)
            case "head":
                self.looking.etag(key)
            case "tag":
                self.looking.tag(key)
            case "list":
                self.looking.list(key.bucket, prefix, chance.choice((1, 3, 1000)))
            case "folders":
                self.looking.list(key.bucket, prefix, chance.choice((2, 1000)), delimiter="/")
            case "versions" if key.bucket == KEPT:
                for version, seen in self.looking.versions(key)[:2]:
                    if seen is not None:
                        self.looking.get_version(key, version)
