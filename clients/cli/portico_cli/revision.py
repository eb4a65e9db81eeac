"""The newest policy revision that commands of a profile have seen, kept in its folder: the next command is decided by
that one, or a newer one, also where another node takes it."""

from __future__ import annotations

import contextlib
from pathlib import Path

FILE = "policy-revision"


def recall(folder: Path | None) -> int:
    """0 where none was seen, or none can be read."""
    try:
        text = (folder / FILE).read_text("ascii").strip() if folder is not None else ""
    except (OSError, UnicodeDecodeError):
        return 0
    return int(text) if text.isdigit() and len(text) < 20 else 0


def remember(folder: Path | None, recalled: int, seen: int) -> None:
    """What a command has seen that had recalled another one; less, where the platform did not know that one. That it
    cannot be written fails no command: then the next one is decided as if it were the first."""
    from portico._files import write_secret

    if folder is None or seen == recalled:
        return
    with contextlib.suppress(OSError):
        stands = recall(folder)
        if seen > stands or stands == recalled:
            write_secret(folder / FILE, str(seen).encode())
