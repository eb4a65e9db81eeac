"""How many requests were sent and answered that are charged for: what a platform may, and must, have counted."""

from __future__ import annotations

import threading
from typing import Any

from portico_server.objects.faces.s3.operations.table import OPERATIONS
from portico_server.objects.usage.metering import Class

_CHARGED = frozenset(one.name for one in OPERATIONS if one.class_ is not Class.FREE)


class Charged:
    """Those of one client of boto3 that tries each once."""

    def __init__(self) -> None:
        self.sent = self.answered = 0
        self._answered_before = 0
        self._lock = threading.Lock()

    @property
    def answered_since(self) -> int:
        """How many were answered since `mark`: nobody was killed who had counted them."""
        return self.answered - self._answered_before

    def mark(self) -> None:
        with self._lock:
            self._answered_before = self.answered

    def count(self, client: Any) -> None:
        """From now on."""

        def sent(event_name: str, **_: Any) -> None:
            if event_name.rpartition(".")[2] in _CHARGED:
                with self._lock:
                    self.sent += 1

        def answered(http_response: Any, model: Any, **_: Any) -> None:
            if http_response.status_code < 300 and model.name in _CHARGED:
                with self._lock:
                    self.answered += 1

        client.meta.events.register("before-send.s3", sent)
        client.meta.events.register("after-call.s3", answered)
