"""Where it is kept how far an upload came that may break off, so that the same command goes on with it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from portico_cli.remote import Remote

if TYPE_CHECKING:
    from portico.profiles import Profile


def state_of(profile: Profile, path: Path, target: Remote) -> Path:
    """The file for one upload: below `$XDG_STATE_HOME/portico/uploads`, or `~/.local/state/portico/uploads`."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    which = "\0".join((profile.address, profile.account, target.bucket, target.key, os.path.realpath(path)))
    digest = hashlib.sha256(which.encode(errors="surrogateescape")).hexdigest()
    return Path(base) / "portico" / "uploads" / f"{digest[:40]}.json"
