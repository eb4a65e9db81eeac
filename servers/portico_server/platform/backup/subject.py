"""What a backup must be told of the products, and whom it tells how far it has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources.abc import Traversable

Progress = Callable[[str, int, int], None]
"""Told what is being done, and how many bytes of how many are done; 0 where nobody knows how many there are."""


@dataclass(frozen=True, slots=True)
class ProductState:
    """A product's state: the name of its database and of its blobs, its migrations (None: it has no folder of them),
    and the query that answers the ids of all blobs that its database refers to (empty: all blobs are kept)."""

    name: str
    migrations: Traversable | None = None
    blobs_in_use: str = ""


def silent(what: str, done_bytes: int, total_bytes: int) -> None:
    """The progress that nobody watches."""
