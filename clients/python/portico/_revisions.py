"""The newest policy revision that a client has seen, which all its calls send on, so that none is decided by older
policies, whichever process or node takes it."""

from __future__ import annotations

import threading
from typing import Any

HEADER = "x-policy-revision"

UNKNOWN = "POLICY_REVISION_UNKNOWN"
"""The reason of a refusal: the platform has no such revision, so it was restored, or is another one."""
BEHIND = "POLICY_REVISION_BEHIND"
"""The reason of a refusal: whoever took the call does not have it yet. Nothing was done."""


class PolicyRevision:
    """Of one client, for all threads."""

    def __init__(self) -> None:
        self.seen = 0
        self._lock = threading.Lock()

    def note(self, revision: int) -> None:
        """An answer said it."""
        if revision > self.seen:
            with self._lock:
                self.seen = max(self.seen, revision)

    def forget(self, revision: int) -> None:
        """The platform does not know it."""
        with self._lock:
            if self.seen == revision:
                self.seen = 0


def revision_of(metadata: Any) -> int:
    """The policy revision in a call's headers; 0 if there is none."""
    text = next((value for key, value in metadata or () if key == HEADER), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
