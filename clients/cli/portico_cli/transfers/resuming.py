"""Downloads that go on where an earlier run of the command was stopped.

What came is kept beside the file's place, in a file that bears the object's ETag: so it is only ever gone on with by
bytes of the very same version. All of it is compared with the object's digest at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from portico_cli.remote import Remote
from portico_cli.transfers.places import shown
from portico_cli.transfers.targets import Refused

if TYPE_CHECKING:
    from portico import AsyncClient
    from portico_cli.progress import Advance

WORTH_RESUMING_BYTES = 8 * 1024 * 1024
"""Below that it is as quick to begin anew."""

_CHUNK_BYTES = 1024 * 1024
_SHOWN_NAME_BYTES = 64


async def download(client: AsyncClient, place: Remote, found: Any, target: Path, advance: Advance | None) -> Any:
    """Reads an object, as `found` says that it is, into a file; answers the object. Raises Refused where another
    command is at it, DataLoss where other bytes came than were stored, or the platform has lost them; what any other
    PorticoError leaves is gone on with next time."""
    from portico._checksums import verifier
    from portico.errors import DataLoss
    from portico.objects.v1.objects_pb2 import Conditions

    target = _behind_links(target)
    part = _part_of(target, found.etag)
    _remove_older(target, part)
    with _held(part) as file:
        check = verifier(found.checksums)
        done_bytes = await asyncio.to_thread(_take_up, file, found.size_bytes, check)
        if done_bytes < found.size_bytes:
            conditions = Conditions(if_match=[found.etag])
            get = client.objects.get(place.bucket, place.key, offset_bytes=done_bytes, conditions=conditions)
            try:
                async with await get as reader:
                    async for chunk in reader:
                        await asyncio.to_thread(_append, file, chunk, check)
                        done_bytes += len(chunk)
                        if advance is not None:
                            advance(done_bytes)
            except DataLoss:
                part.unlink(missing_ok=True)  # a get of the rest alone would not find what is wrong before it
                raise
        _finish(file, part, target, check, place)
    return found


def _behind_links(target: Path) -> Path:
    return Path(os.path.realpath(target))


def _part_of(target: Path, etag: str) -> Path:
    name = os.fsencode(target.name)[:_SHOWN_NAME_BYTES].decode(errors="ignore")
    version = hashlib.sha256(f"{target.name}/{etag}".encode(errors="surrogateescape")).hexdigest()[:16]
    return target.with_name(f".{name}.{version}.resume")


def _remove_older(target: Path, part: Path) -> None:
    """What came of an earlier version of the object is of no use any more."""
    if len(os.fsencode(target.name)) > _SHOWN_NAME_BYTES:
        return  # others may begin so, too
    beginning, _, _ = part.name.removesuffix(".resume").rpartition(".")
    for path in target.parent.iterdir():
        middle = path.name.removeprefix(beginning + ".").removesuffix(".resume")
        if path.name == f"{beginning}.{middle}.resume" and len(middle) == 16 and path != part:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _held(part: Path) -> Iterator[BinaryIO]:
    """The file of what came, for this process alone. Raises Refused."""
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another command is at it: {shown(part)}") from None
        yield file


def _take_up(file: BinaryIO, size_bytes: int, check: Any) -> int:
    """Reads what came before into the digest; answers how much it is."""
    if os.fstat(file.fileno()).st_size > size_bytes:
        file.truncate(0)
    while chunk := file.read(_CHUNK_BYTES):
        if check is not None:
            check[0].update(chunk)
    return file.tell()


def _append(file: BinaryIO, chunk: bytes, check: Any) -> None:
    file.write(chunk)
    if check is not None:
        check[0].update(chunk)


def _finish(file: BinaryIO, part: Path, target: Path, check: Any, place: Remote) -> None:
    from portico._targets import take_after
    from portico.errors import DataLoss

    file.flush()
    if check is not None and check[0].digest() != check[1]:
        part.unlink(missing_ok=True)
        raise DataLoss(f"{place.url}: other bytes came than were stored: get it again", reason="CHECKSUM_MISMATCH")
    take_after(str(part), target)
    os.replace(part, target)
