"""What a backup, and who looks at a platform from outside, is told of products; whom a backup tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources.abc import Traversable

Progress = Callable[[str, int, int], None]
"""Told what is being done, and how many bytes of how many are done; 0 where nobody knows how many there are."""


@dataclass(frozen=True, slots=True)
class ProductState:
    """A product's state: the name of its database and of its blobs, its migrations (None: it has no folder of them),
    the query that answers the ids of all blobs that its database refers to (empty: all blobs are kept), and the one
    that answers the stores outside in which some of these are."""

    name: str
    migrations: Traversable | None = None
    blobs_in_use: str = ""
    stores_in_use: str = ""


def silent(what: str, done_bytes: int, total_bytes: int) -> None:
    """The progress that nobody watches."""
