"""One copy: a file to an object, an object to a file, an object to another on the platform."""

from __future__ import annotations

import asyncio
import mimetypes
import os
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portico_cli.remote import Remote
from portico_cli.transfers import upload_state
from portico_cli.transfers.entries import Entry
from portico_cli.transfers.places import Place, shown
from portico_cli.transfers.resuming import WORTH_RESUMING_BYTES, download
from portico_cli.transfers.targets import Kept, Refused

if TYPE_CHECKING:
    from portico import AsyncClient
    from portico_cli.progress import Progress

_AT_ONE_GO_BYTES = 1024 * 1024
"""Files up to here are read whole, so that their digest is known first and the platform refuses other bytes."""

IN_PARTS_BYTES = 64 * 1024 * 1024
"""Files from here on are uploaded in parts, several at once; such an upload that breaks off is resumed."""

ATTEMPTS = 9
"""Of a call that can be repeated: with the pauses between them, a platform may be away for ten seconds or so."""


class What(Enum):
    """What is done for one source: the word for what is to be, and for what has been."""

    COPY = ("copy", "copied")
    MOVE = ("move", "moved")
    REMOVE = ("remove", "removed")

    def __init__(self, word: str, done: str) -> None:
        self.word = word
        self.done = done


@dataclass(frozen=True, slots=True)
class Transfer:
    """One thing to do. What is to be removed is source and target."""

    what: What
    source: Entry
    target: Place
    refused: str = ""
    """Why it is not done."""
    there: Entry | None = None
    """What stands at the target, where that is known."""
    version_id: str = ""
    """Which version is to be removed; empty: the current object."""

    def __str__(self) -> str:
        if self.what is What.REMOVE:
            return shown(self.target) + (f" version {self.version_id}" if self.version_id else "")
        return f"{shown(self.source.place)} -> {shown(self.target)}"


@dataclass(frozen=True, slots=True)
class About:
    """What is said of the objects that are stored: fields of ObjectMetadata by their names, the user's own, and what of
    `tags`, `retention` and `legal_hold` was given, as the client takes them."""

    fields: dict[str, str] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)
    marks: dict[str, Any] = field(default_factory=dict)

    def of_file(self, name: str) -> Any:
        """The metadata of a file that is stored; its media type by its name, if none was given."""
        from portico.objects.v1.objects_pb2 import ObjectMetadata

        guessed = {"content_type": mimetypes.guess_type(name)[0] or ""}
        return ObjectMetadata(**{**guessed, **self.fields}, custom=self.custom)

    def of_copy(self, source: Any) -> Any:
        """The metadata of an object's copy: the object's, but for what was given; None where nothing was."""
        if not self.fields and not self.custom:
            return None
        from portico.objects.v1.objects_pb2 import ObjectMetadata

        changed = ObjectMetadata()
        changed.CopyFrom(source)
        for name, value in self.fields.items():
            setattr(changed, name, value)
        if self.custom:
            changed.custom.clear()
            changed.custom.update(self.custom)
        return changed


class Mover:
    """Makes copies over one client. Answers of each the object that was stored or read."""

    def __init__(
        self, client: AsyncClient, about: About, progress: Progress, *, overwrite: bool = True, resume: bool = False
    ) -> None:
        """`overwrite`: what is there is replaced. `resume`: what comes of a large object is kept where the download is
        stopped, and gone on with."""
        self._client = client.with_options(attempts=ATTEMPTS)
        self._about = about
        self._progress = progress
        self._overwrite = overwrite
        self._resume = resume
        self._made: set[Path] = set()

    async def do(self, transfer: Transfer) -> Any:
        """Raises Refused, PorticoError, OSError."""
        source, target = transfer.source, transfer.target
        if isinstance(source.place, Path):
            assert isinstance(target, Remote)
            stored = await self._upload(source.place, source, target)
        elif isinstance(target, Remote):
            stored = await self._copy(source.place, source, target)
        else:
            stored = await self._download(source.place, source, target)
        if transfer.what is What.MOVE:
            await self._remove(source, stored)
        return stored

    async def _upload(self, path: Path, source: Entry, target: Remote) -> Any:
        before = _state(path)
        data: Any = path
        checksums = None
        if source.size_bytes <= _AT_ONE_GO_BYTES:
            data, checksums = await asyncio.to_thread(_read, path)
        about, advance = self._about.of_file(path.name), self._progress.of(path.name, source.size_bytes)
        if source.size_bytes < IN_PARTS_BYTES:
            stored = await self._client.objects.put(
                target.bucket,
                target.key,
                data,
                metadata=about,
                checksums=checksums,
                overwrite=self._overwrite,
                progress=advance,
                **self._about.marks,
            )
        else:
            stored = await self._client.objects.upload(
                target.bucket,
                target.key,
                path,
                metadata=about,
                overwrite=self._overwrite,
                progress=advance,
                resume=upload_state.state_of(self._client.profile, path, target),
                **self._about.marks,
            )
        if _state(path) != before:
            raise Refused("it changed while it was copied: what is stored may be half old, half new; copy it again")
        return stored

    async def _copy(self, place: Remote, source: Entry, target: Remote) -> Any:
        from portico.objects.v1.objects_pb2 import Conditions

        found = source.object or await self._client.objects.head(place.bucket, place.key)
        return await self._client.objects.copy(
            place.bucket,
            place.key,
            target.bucket,
            target.key,
            metadata=self._about.of_copy(found.metadata),
            source_conditions=Conditions(if_match=[found.etag]),
            conditions=None if self._overwrite else Conditions(if_none_match=["*"]),
            **self._about.marks,
        )

    async def _download(self, place: Remote, source: Entry, target: Path) -> Any:
        if not self._overwrite and _is_there(target):
            raise Kept(f"{shown(target)} is there already")
        self._make(target.parent)
        known = source.object
        if known is None and (self._resume or self._progress.watched):
            known = await self._client.objects.head(place.bucket, place.key)
        advance = self._progress.of(target.name, known.size_bytes if known is not None else None)
        if self._resume and known.size_bytes >= WORTH_RESUMING_BYTES:
            found = await download(self._client, place, known, target, advance)
        else:
            found = await self._client.objects.download(place.bucket, place.key, target, progress=advance)
        put_ns = found.create_time.ToNanoseconds()
        os.utime(target, ns=(put_ns, put_ns))  # by which a later sync knows that it is the same
        return found

    def _make(self, folder: Path) -> None:
        if folder not in self._made:
            folder.mkdir(parents=True, exist_ok=True)
            self._made.add(folder)

    async def _remove(self, source: Entry, moved: Any) -> None:
        """Removes what was moved, and nothing that came in its place meanwhile."""
        from portico.objects.v1.objects_pb2 import Conditions

        if isinstance(source.place, Path):
            source.place.unlink()
            return
        place = source.place
        etag = source.object.etag if source.object is not None else moved.etag
        await self._client.objects.delete(place.bucket, place.key, conditions=Conditions(if_match=[etag]))


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def _read(path: Path) -> tuple[bytes, Any]:
    """A file's bytes and their digest."""
    from portico._checksums import md5
    from portico.objects.v1.objects_pb2 import Checksums

    data = path.read_bytes()
    return data, Checksums(md5=md5(data).digest())


def _state(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
