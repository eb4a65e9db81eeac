"""Requests that come round: a store may be this platform's own S3 door, or lead back to it by another platform's.

So what is asked of a store says by which platforms it has come, in the header `CDN-Loop` (RFC 8586). A platform refuses
what names it there, before it does anything for it. A small object would stay where it comes first; so that a circle is
found before there are large ones, HEAD of a bucket is asked on, to where the bucket's bytes go (`check_way`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from portico_server.platform.private_files import read_or_create

HEADER = "cdn-loop"
REFUSED_BY = "x-portico-loop"
"""Of the answer to what came round: which platform has found itself in the header."""
FOLDER_ID = "folder"
"""The file with the random id of a platform's own folder for a product."""
MOST_PLATFORMS = 16
"""That a request may have come by."""
MOST_CHARACTERS = 2048

_came_by: ContextVar[str] = ContextVar("portico_came_by", default="")


def identity_of(folder: Path) -> str:
    """The random id of a platform's own folder for a product, made where there is none: what was restored from a backup
    has another one. Blocks."""
    return read_or_create(folder / FOLDER_ID, lambda: os.urandom(16).hex().encode()).decode("ascii", "replace").strip()


def platform_named(identity: str) -> str:
    """How the header names the platform with that id; empty for none."""
    return f"portico-{identity}" if identity else ""


def platforms_in(header: str) -> list[str]:
    """Those that it names, without their parameters."""
    return [name for part in header.split(",") if (name := part.partition(";")[0].strip())]


def came_by() -> str:
    """The header of the request for which this is done; empty: it had none."""
    return _came_by.get()


def note(header: str) -> None:
    """That the request that is answered has come with it."""
    _came_by.set(header)


@contextlib.contextmanager
def of_its_own() -> Iterator[None]:
    """Around what the platform asks for itself, though somebody's request made it ask."""
    before = _came_by.set("")
    try:
        yield
    finally:
        _came_by.reset(before)


def passed_on(own: str) -> dict[str, str]:
    """The header for what is asked of a store by the platform of that name."""
    names = [one for one in (_came_by.get(), own) if one]
    return {HEADER: ", ".join(names)} if names else {}
