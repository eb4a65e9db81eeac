"""Calls by boto3, and what is written down of each in a history, whatever becomes of it."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError
from urllib3.exceptions import HTTPError

from tests.faults.histories.calls import Call, History, Key, Listing, Step
from tests.faults.histories.search import NEVER

_BROKEN = (BotoCoreError, HTTPClientError, HTTPError, OSError)
_UNDECIDED_STATUS = 500
"""From here on answers are believed in nothing: the change may have been made or not."""


_CONTENDED_STATUS = 409
"""Others were at the same thing; nothing was changed."""


Steps = Sequence[tuple[Key, Step]]


class Away(Exception):
    """Nobody answered, or the connection broke. `calls` were written down as perhaps made."""

    def __init__(self, calls: Sequence[Call] = ()) -> None:
        super().__init__("nobody answers")
        self.calls = calls


class Recorder:
    """Many threads record in one history."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.counts: Counter[str] = Counter()
        self.contents: dict[str, tuple[str, int]] = {}
        """By ETag the write and the size of the bytes that have it (`contents.content`)."""
        self._doubtful: list[tuple[Call, float]] = []  # calls that broke off, with when that was noticed
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def new_write(self) -> str:
        """The name of a write, which no other has."""
        return f"w{next(self._numbers)}"

    def will_hold(self, write: str, size_bytes: int, etag: str) -> None:
        """Before it is put: the bytes of a write, and their ETag."""
        with self._lock:
            self.history.etags[write] = etag
            self.contents[etag] = write, size_bytes

    def read(self, do: Callable[[], Any], missing: Callable[[ClientError], bool] = lambda error: False) -> Any:
        """The answer with when it began and ended; of those that are told to be missing None. Raises Away."""
        begin = now()
        try:
            answer = do()
        except ClientError as error:
            if not missing(error):
                self._refuse(error)
            answer = None
        except _BROKEN as error:
            self._count("reads cut off")
            raise Away from error
        self._count("reads")
        return answer, begin, now()

    def write(
        self,
        steps: Steps,
        do: Callable[[], Any],
        *,
        refused: Callable[[ClientError], Steps | None] = lambda error: None,
        learned: Callable[[Any], Steps] = lambda answer: [],
        begin: float = 0.0,
    ) -> Any:
        """The answer of a call that does this to each of the keys; None where it was refused. Raises Away.

        `refused` tells what a refusal shows (None: there should be none), `learned` what the answer shows besides.
        `begin`: where it is a call's repetition, that one's.
        """
        begin = begin or now()
        try:
            answer = do()
        except EndpointConnectionError as error:
            raise Away from error  # nothing was sent
        except ClientError as error:
            self._refused(steps, begin, error, refused)
            return None
        except _BROKEN as error:
            raise Away(self._doubt(steps, begin)) from error
        self._count("acknowledged")
        self._add(begin, [*steps, *learned(answer)])
        return answer

    def see(self, begin: float, end: float, *steps: tuple[Key, Step]) -> None:
        """What a reader saw."""
        with self._lock:
            self.history.calls += [Call(key, begin, end, step) for key, step in steps]

    def is_wrong(self, what: str) -> None:
        """Something that is wrong by itself."""
        with self._lock:
            self.history.wrong.append(what)

    def tell_id(self, write: str, version: str | None) -> None:
        """The version id that a write was given; none where no versions are kept."""
        if version and version != "null":
            with self._lock:
                self.history.ids.append((write, version))

    def learn(self, write: str, etag: str) -> None:
        """The ETag of a write, from one who read it."""
        with self._lock:
            if self.history.etags.get(write) is None:
                self.history.etags[write] = etag

    def list(self, page: Listing) -> None:
        with self._lock:
            self.history.listings.append(page)

    def settle(self, calls: Sequence[Call]) -> None:
        """Calls that broke off turn out to have been made, by now."""
        for call in calls:
            call.is_certain, call.end = True, now()
        self._count("acknowledged when repeated")

    def fence(self, dead_at: float) -> None:
        """The one process that served is gone since then: what broke off before did not happen later."""
        with self._lock:
            self.history.fence((call for call, noticed_at in self._doubtful if noticed_at <= dead_at), dead_at)
            self._doubtful = [(call, noticed_at) for call, noticed_at in self._doubtful if noticed_at > dead_at]

    def _refused(
        self, steps: Steps, begin: float, error: ClientError, refused: Callable[[ClientError], Steps | None]
    ) -> None:
        if status_of(error) >= _UNDECIDED_STATUS:
            doubtful = self._doubt(steps, begin)
            self._count(f"{status_of(error)} {code_of(error)}")
            raise Away(doubtful) from error
        if status_of(error) == _CONTENDED_STATUS:
            self._count("contended")
            return
        shown = refused(error)
        if shown is None:
            self._refuse(error)
        self._count("refused")
        self._add(begin, shown)

    def _doubt(self, steps: Steps, begin: float) -> list[Call]:
        self._count("unknown")
        calls = [Call(key, begin, NEVER, step, is_certain=False) for key, step in steps]
        with self._lock:
            self.history.calls += calls
            self._doubtful += [(call, now()) for call in calls]
        return calls

    def _refuse(self, error: ClientError) -> NoReturn:
        """An answer that no call should get, or one that only says that it is not served now. Raises Away."""
        if status_of(error) < _UNDECIDED_STATUS:
            self.is_wrong(f"{error.operation_name} was refused: {error}")
        self._count(f"{status_of(error)} {code_of(error)}")
        raise Away from error

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def _add(self, begin: float, steps: Steps) -> None:
        self.see(begin, now(), *steps)


def now() -> float:
    """Nanoseconds, of a clock that all threads share and nobody sets."""
    return float(time.monotonic_ns())


def status_of(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


def code_of(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
