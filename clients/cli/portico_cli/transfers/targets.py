"""Where in a folder of this machine an object goes. Keys are other people's text: none may lead out of the folder."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from pathlib import Path

from portico_cli.remote import Remote
from portico_cli.transfers.places import Place, shown

_MOST_NAME_BYTES = 255


class Refused(Exception):
    """What is not copied, though all around it is; the message says why."""


class Kept(Refused):
    """What is not copied, because something is there, which was to be kept."""


class Targets:
    """The places of what is copied below a folder or prefix."""

    def __init__(self, target: Place, *, through_links: bool = False) -> None:
        """`through_links`: links in the folder may lead elsewhere."""
        self._target = target
        self._through_links = through_links
        self._real = os.path.realpath(target) if isinstance(target, Path) else ""
        self._inside: set[Path] = set()
        self._seen: dict[str, str] | None = None
        self._probed = False

    def of(self, relative: str) -> Place:
        """Where it goes. Raises Refused."""
        if isinstance(self._target, Remote):
            return self._target.below(relative)
        path = in_folder(self._target, relative)
        if not self._through_links:
            self._check_links(path)
        self._check_case(relative)
        return path

    def _check_links(self, path: Path) -> None:
        if path.parent in self._inside and not path.is_symlink():
            return
        real = os.path.realpath(path)
        if real.startswith(self._real.rstrip(os.sep) + os.sep):
            self._inside.add(path.parent)
        else:
            raise Refused(
                f"a link leads out of {shown(Path(self._real))}, to {shown(Path(real))}: --follow-symlinks allows that"
            )

    def _check_case(self, relative: str) -> None:
        """Two keys may be one name where the file system takes `A` for `a`: the second would replace the first."""
        if not self._probed:
            self._probed = True
            self._seen = {} if ignores_case(_first_that_is(Path(self._real))) else None
        if self._seen is None:
            return
        folded = unicodedata.normalize("NFC", relative).casefold()
        before = self._seen.setdefault(folded, relative)
        if before != relative:
            raise Refused(f"on this file system it is the same name as {shown(Path(before))}: copy it to another name")


def in_folder(folder: Path, relative: str) -> Path:
    """The place of a relative key in a folder. Raises Refused."""
    parts = relative.split("/")
    if any(part in ("", ".", "..") or "\x00" in part or os.sep in part for part in parts):
        raise Refused(f"the key is no path below {shown(folder)}: copy it by itself, to a name you choose")
    if any(len(os.fsencode(part)) > _MOST_NAME_BYTES for part in parts):
        raise Refused(f"file names have {_MOST_NAME_BYTES} bytes at most: copy it by itself, to a name you choose")
    return folder.joinpath(*parts)


def ignores_case(folder: Path) -> bool:
    """Whether names in a folder that is there are the same in upper and lower case."""
    try:
        with tempfile.NamedTemporaryFile(prefix=".portico-a", dir=folder) as probe:
            return os.path.exists(os.path.join(folder, os.path.basename(probe.name).upper()))
    except OSError:
        return False


def _first_that_is(folder: Path) -> Path:
    """The folder, or the nearest around it that is there."""
    return next(found for found in (folder, *folder.parents) if found.is_dir())
