"""Clients who do a bit of everything at once, to few keys, so that they meet; with each kill they go on to new keys.

Copies go to keys of their own, from which nothing is copied: so what a copy holds is some other write's bytes. Somebody
listens to what a queue is told of all that.
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
from tests.faults.kills.charging import Charged
from tests.faults.kills.keys import BRIEF, KEPT, PLAIN, drawn, drawn_brief, drawn_copy, of_generation, prefix_of
from tests.faults.kills.listening import Listener
from tests.faults.kills.looking import Looking
from tests.faults.kills.recording import Away, Recorder
from tests.faults.kills.uploads import Uploads

CLIENTS = 6
_OLD_SHARE = 0.1
"""How many of the reads look at keys that nobody writes any more."""
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 0.5
"""Of one whom nobody answers: who is to start needs the processor."""


@dataclass
class Load:
    """Runs from `start` to `stop`. `generation` is that of the keys that are written now."""

    s3: Any
    record: Recorder
    seed: int
    listener: Listener
    generation: int = 0
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.charged = Charged()
        self.charged.count(self.s3)
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
        self.listener.start()

    def stop(self) -> None:
        """Raises what ended a client."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self.listener.stop()
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
        self.looking.list(PLAIN, BRIEF, 3, delimiter="/")
        self.looking.list_versions(KEPT, "", 7)

    def _work(self, chance: random.Random) -> None:
        pause_seconds = _PAUSE_SECONDS
        try:
            while not self._stopping.is_set():
                try:
                    self._drawn(chance)()
                    pause_seconds = _PAUSE_SECONDS
                except Away:
                    self._stopping.wait(pause_seconds)
                    pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
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
        key, other = (drawn(chance, bucket, self.generation) for _ in range(2))
        copied, brief = drawn_copy(chance, self.generation), drawn_brief(chance, self.generation)
        target = chance.choice((key, key, key, copied))
        kinds: list[tuple[int, Callable[[], object]]] = [
            (20, lambda: self.actions.put(target, chance)),
            (4, lambda: self.actions.put(target, chance, if_absent=True)),
            (4, lambda: self.actions.replace(key, chance)),
            (8, lambda: self.actions.delete(target)),
            (6, lambda: self.actions.copy(key, copied)),
            (6, lambda: self.uploads.put(target, chance)),
            (4, lambda: self.actions.tag(target)),
            (6, lambda: self._take_briefly(chance, brief)),
            (30, lambda: self._look(chance, chance.choice((target, target, target, brief)))),
        ]
        if bucket == PLAIN:
            kinds.append((3, lambda: self.actions.delete_many(sorted({key, other}))))
        if target.bucket == KEPT:
            kinds.append((8, lambda: self.actions.delete_version(target, chance)))
            kinds.append((3, lambda: self.actions.hold(target, chance)))
            kinds.append((3, lambda: self.actions.retain(target, chance)))
        return chance.choices([do for _, do in kinds], [weight for weight, _ in kinds])[0]

    def _take_briefly(self, chance: random.Random, key: Key) -> None:
        """Something done to what expires soon, or has."""
        match chance.choices(("put", "put if absent", "replace", "tag", "delete"), (5, 3, 1, 1, 1))[0]:
            case "put":
                self.actions.put(key, chance)
            case "put if absent":
                self.actions.put(key, chance, if_absent=True)
            case "replace":
                self.actions.replace(key, chance)
            case "tag":
                self.actions.tag(key)
            case "delete":
                self.actions.delete(key)

    def _look(self, chance: random.Random, key: Key) -> None:
        if self.generation and chance.random() < _OLD_SHARE:
            key = of_generation(key, chance.randrange(self.generation))
        prefix = prefix_of(key)
        kinds = ("get", "range", "head", "tag", "list", "folders", "versions", "all versions")
        match chance.choices(kinds, (8, 2, 2, 3, 6, 3, 4, 3))[0]:
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
            case "all versions" if key.bucket == KEPT:
                self.looking.list_versions(KEPT, prefix, chance.choice((1, 4, 1000)))
