"""What the supervisor tells whoever started it."""

from __future__ import annotations

import enum
import json
from dataclasses import asdict, dataclass
from pathlib import Path


class Event(enum.StrEnum):
    WAITING = "waiting"
    """A start takes longer than usual; `message` says where to look."""
    NOTICE = "notice"
    """Something that whoever started the platform should know; nothing is wrong."""
    READY = "ready"
    """Calls are answered. Once a start."""
    RESTARTING = "restarting"
    """A process died; `message` says which and how."""
    RESTARTED = "restarted"
    """It is back, calls are answered again."""
    STOPPING = "stopping"
    """Calls in flight are being finished."""
    FAILED = "failed"
    """The platform could not start; `message` says why and what to do."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One event. `message` is a sentence for people; the rest is there from `READY` on.

    `profile` is the client profile's folder, `first_start` whether the data directory was made now, `seconds` how long
    the start took. `web_address` is the web door's, `s3_address` the S3 door's, each empty where there is none.
    """

    event: Event
    message: str
    data: Path
    address: str = ""
    profile: Path | None = None
    first_start: bool = False
    seconds: float = 0.0
    web_address: str = ""
    s3_address: str = ""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), default=str)


def from_json(line: str) -> Announcement:
    """What `Announcement.to_json` wrote."""
    fields = json.loads(line)
    profile = Path(fields.pop("profile")) if fields["profile"] else fields.pop("profile")
    return Announcement(Event(fields.pop("event")), data=Path(fields.pop("data")), profile=profile, **fields)


class StartError(Exception):
    """The platform cannot start; the message says why and what to do."""
