"""Files that hold one key or certificate each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from portico_server.platform.private_files import read_or_create

_Parsed = TypeVar("_Parsed")


def parsed_file(path: Path, create: Callable[[], bytes], parse: Callable[[bytes], _Parsed]) -> _Parsed:
    """What `parse` makes of the file; `create` makes a file that is missing. Raises OSError; ValueError, which names
    the file, where `parse` does."""
    return parsed(path, read_or_create(path, create), parse)


def parsed(path: Path, content: bytes, parse: Callable[[bytes], _Parsed]) -> _Parsed:
    """The same of a file that was read. Raises ValueError, which names the file."""
    try:
        return parse(content)
    except ValueError as error:
        # The libraries' own words run to a paragraph about OpenSSL.
        reason = str(error).partition(".")[0]
        raise ValueError(f"{path} is not the key or certificate that it should be ({reason})") from error
