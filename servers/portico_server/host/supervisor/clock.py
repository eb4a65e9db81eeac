"""When a certificate is due: with a third of its life left."""

from __future__ import annotations

import datetime


def renewal_time(begin: datetime.datetime, end: datetime.datetime) -> datetime.datetime:
    return end - (end - begin) / 3


def expires_soon(begin: datetime.datetime, end: datetime.datetime) -> bool:
    """Whether it is time to replace what holds from `begin` to `end`."""
    return datetime.datetime.now(datetime.UTC) >= renewal_time(begin, end)
