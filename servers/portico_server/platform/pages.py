"""A document that a door shows to whoever asks."""

from __future__ import annotations

import functools
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Page:
    """`content` is what a GET is answered; `headers` go with it."""

    content_type: str
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @functools.cached_property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @functools.cached_property
    def compressed(self) -> bytes:
        """By gzip."""
        return gzip.compress(self.content, mtime=0)


async def no_page(path: str) -> Page | None:
    """Where nothing is shown."""
    return None


FindPage = Callable[[str], Awaitable[Page | None]]
"""The page at a path; None where there is none."""
