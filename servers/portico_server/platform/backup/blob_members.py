"""Takes into a backup the blobs that its databases refer to, a few at a time, in the order of their paths."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

from portico_server.platform.backup import members, snapshots
from portico_server.platform.backup.earlier import Earlier
from portico_server.platform.backup.members import Member
from portico_server.platform.backup.sealing import Sealer
from portico_server.platform.backup.subject import ProductState, Progress
from portico_server.platform.blobs import LOCAL, backing, store_of

_THREADS = 4
_AHEAD = 16
"""Blobs whose copying has begun; few, so that neither memory nor the disk's queue fills."""


@dataclass(slots=True)
class BlobCount:
    """Of one product."""

    blobs: int = 0
    blob_bytes: int = 0
    missing: list[str] = field(default_factory=list)
    elsewhere: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """By store: how many are not on this machine, and so not taken."""


@dataclass(slots=True)
class BlobsTaken:
    """What was taken. `members` counts the files, owners' marks too."""

    members: int = 0
    member_bytes: int = 0
    reused_bytes: int = 0
    counts: dict[str, BlobCount] = field(default_factory=lambda: defaultdict(BlobCount))

    def of(self, product: str) -> BlobCount:
        return self.counts[product]


class _Wanted(NamedTuple):
    product: str
    blob_id: str
    folder: Path
    path: str  # in the backup
    known_sha256: str | None  # the earlier backup has it


class _Took(NamedTuple):
    wanted: _Wanted
    member: Member | None  # None: the platform has lost it
    reused: bool


def take_blobs(
    unfinished: Path,
    data: Path,
    products: Sequence[ProductState],
    copies: Mapping[str, Path],
    listed: TextIO,
    sealer: Sealer | None,
    earlier: Earlier | None,
    progress: Progress,
) -> BlobsTaken:
    """Copies or links each, and writes its line into the list of members."""
    queries = {product.name: product.blobs_in_use for product in products}
    taken = BlobsTaken()

    def note(took: _Took) -> None:
        count = taken.of(took.wanted.product)
        if took.member is None:
            count.missing.append(took.wanted.blob_id)
            return
        count.blobs += 1
        count.blob_bytes += took.member.size_bytes
        _count(taken, took.member, listed)
        taken.reused_bytes += took.member.size_bytes if took.reused else 0
        progress("blobs", taken.member_bytes, 0)

    def take(wanted: _Wanted) -> _Took:
        return _take(wanted, unfinished, sealer, earlier.folder if earlier else None)

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="backup") as threads:
        begun: deque[Future[_Took]] = deque()
        for folder in sorted(path for path in (data / "blobs").glob("*") if path.is_dir()):
            for blob_id in _ids(folder, copies.get(folder.name), queries.get(folder.name, "")):
                if (store := store_of(blob_id)) != LOCAL:
                    taken.of(folder.name).elsewhere[store] += 1
                    continue
                path = f"blobs/{folder.name}/{blob_id[:2]}/{blob_id}"
                known = earlier.digest_of(path) if earlier else None
                begun.append(threads.submit(take, _Wanted(folder.name, blob_id, folder, path, known)))
                if len(begun) == _AHEAD:
                    note(begun.popleft().result())
            while begun:
                note(begun.popleft().result())
            if (folder / backing.OWNER).exists():
                path = f"blobs/{folder.name}/{backing.OWNER}"
                owner = members.write(unfinished, path, members.chunks_of(folder / backing.OWNER), sealer)
                _count(taken, owner, listed)
    return taken


def _ids(folder: Path, copy: Path | None, query: str) -> Iterator[str]:
    """The ids of the blobs that are wanted, in order."""
    if copy is None or not query:
        yield from backing.all_ids(folder)
        return
    connection = snapshots.open_copy(copy)
    try:
        for (blob_id,) in connection.execute(query):
            yield str(blob_id)
    finally:
        connection.close()


def _take(wanted: _Wanted, unfinished: Path, sealer: Sealer | None, earlier: Path | None) -> _Took:
    if earlier is not None and wanted.known_sha256 is not None:
        linked = members.link(earlier, unfinished, wanted.path, wanted.known_sha256)
        if linked is not None:
            return _Took(wanted, linked, reused=True)
    for source in backing.places(wanted.folder, wanted.blob_id):
        if source.exists():
            return _Took(wanted, members.write(unfinished, wanted.path, members.chunks_of(source), sealer), False)
    return _Took(wanted, None, False)


def _count(taken: BlobsTaken, member: Member, listed: TextIO) -> None:
    taken.members += 1
    taken.member_bytes += member.size_bytes
    listed.write(f"{member.sha256}  {member.path}\n")
