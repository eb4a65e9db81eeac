"""Who reads a queue of notifications and acknowledges them, while processes die: each is told, under one number, until
it is acknowledged, and then no more; the numbers have no gaps."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

import portico
from portico.errors import Cancelled, DeadlineExceeded, Unavailable
from portico.objects.v1.buckets_pb2 import NotificationRule
from portico.objects.v1.notifications_pb2 import ListNotificationsResponse, Notification
from tests.faults.histories.calls import Key, Told
from tests.faults.kills.recording import Recorder, now

QUEUE = "told"
EVENTS = {
    NotificationRule.EVENT_OBJECT_CREATED: "created",
    NotificationRule.EVENT_OBJECT_DELETED: "deleted",
    NotificationRule.EVENT_OBJECT_TAGGED: "tagged",
    NotificationRule.EVENT_OBJECT_EXPIRED: "expired",
}
_UNANSWERED = (Unavailable, DeadlineExceeded, Cancelled)
_WAIT_SECONDS = 1
_PAUSE_SECONDS = 0.05
_ACKNOWLEDGED_SHARE = 0.4


def rule(account: str) -> NotificationRule:
    """All that happens in a bucket is told to the queue."""
    return NotificationRule(events=list(EVENTS), queue=f"{account}/queues/{QUEUE}")


@dataclass
class Listener:
    """Runs from `start` to `stop`. `told`: by number, with when each was first read."""

    profile: str
    record: Recorder
    seed: int
    told: dict[int, tuple[Notification, float]] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._acknowledged = 0  # for certain
        self._asked = 0  # to be acknowledged, which may have been done or not
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Raises what ended it."""
        self._stopping.set()
        self._thread.join()
        if self.failures:
            raise self.failures[0]

    def read_all(self) -> None:
        """What is left, when nobody changes anything any more; then the history has all that was told."""
        with portico.connect(self.profile) as client:
            while self._read(client, behind=max(self.told, default=0), limit=1000):
                pass
        if missing := set(range(1, max(self.told, default=0) + 1)) - self.told.keys():
            self.record.is_wrong(f"of {len(self.told)} notifications these were never told: {sorted(missing)[:9]}")
        if len({told.id for told, _ in self.told.values()}) != len(self.told):
            self.record.is_wrong("two notifications have the same id")
        self.record.history.told = {}
        for _, (told, at) in sorted(self.told.items()):
            _, _, _, bucket, _, name = told.object.split("/", 5)
            one = Told(EVENTS[told.event], told.version_id, told.etag, told.delete_marker, at)
            self.record.history.told.setdefault(Key(bucket, name), []).append(one)

    def _work(self) -> None:
        chance = random.Random(f"{self.seed}/listener")
        try:
            with portico.connect(self.profile) as client:
                while not self._stopping.is_set():
                    try:
                        self._read(
                            client, chance.choice((0, 0, max(self.told, default=0))), chance.choice((1, 7, 1000))
                        )
                        if self.told and chance.random() < _ACKNOWLEDGED_SHARE:
                            self._acknowledge(client, chance.randint(self._acknowledged, max(self.told)))
                    except _UNANSWERED:
                        self._stopping.wait(_PAUSE_SECONDS)
        except BaseException as error:  # told by `stop`
            self.failures.append(error)

    def _read(self, client: portico.Client, behind: int, limit: int) -> int:
        """How many were told behind a number."""
        acknowledged = self._acknowledged
        page = client.notifications.read(QUEUE, limit=limit, start_after_sequence=behind, wait_seconds=_WAIT_SECONDS)
        at = now()
        self._check(page, behind, acknowledged)
        for told in page.notifications:
            first, _ = self.told.setdefault(told.sequence, (told, at))
            if first != told:
                self.record.is_wrong(f"number {told.sequence} was told as {first}, and then as {told}")
        return len(page.notifications)

    def _check(self, page: ListNotificationsResponse, behind: int, acknowledged: int) -> None:
        numbers = [told.sequence for told in page.notifications]
        if not acknowledged <= page.acknowledged_sequence <= self._asked:
            self.record.is_wrong(
                f"{page.acknowledged_sequence} are said to be acknowledged, which was asked for up to {self._asked},"
                f" and answered up to {acknowledged}"
            )
        if page.dropped_notifications:
            self.record.is_wrong(f"{page.dropped_notifications} notifications were dropped")
        if not numbers:
            return
        least, most = (max(done, behind) + 1 for done in (acknowledged, self._asked))
        if not least <= numbers[0] <= most or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            self.record.is_wrong(f"of numbers from {least} (or up to {most}) these were told: {numbers}")

    def _acknowledge(self, client: portico.Client, number: int) -> None:
        if number:
            self._asked = max(self._asked, number)
            answered = client.notifications.acknowledge(QUEUE, number)
            self._acknowledged = max(self._acknowledged, answered)
            if not number <= answered <= self._asked:
                self.record.is_wrong(f"up to {number} was acknowledged, and the answer is {answered}")
