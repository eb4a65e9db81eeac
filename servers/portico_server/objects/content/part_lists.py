"""The parts of multipart objects: where in the object each begins, and what its bytes are in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from portico_server.objects.content.ranges import ByteRange
from portico_server.objects.records import Part
from portico_server.objects.store import parts as store
from portico_server.platform.database import Database

_REMEMBERED_PARTS = 20_000
"""Some 340 bytes each."""


class Piece(NamedTuple):
    """A part's bytes: in the blob `file`, or inline by `id`. `checksums`: their digests, packed; empty: not to be
    compared."""

    id: str
    file: str
    size_bytes: int
    checksums: bytes = b""


class PieceRange(NamedTuple):
    """`length` bytes of a piece, from `offset` on."""

    piece: Piece
    offset: int
    length: int

    @property
    def is_whole(self) -> bool:
        return self.length == self.piece.size_bytes


class PartList:
    """The parts of one object, by number; once all are added they never change."""

    def __init__(self, parts: Sequence[Part] = ()) -> None:
        self._numbers: list[int] = []
        self._ends: list[int] = []
        self.pieces: list[Piece] = []
        self.size_bytes = 0
        self.anchor = ""
        """The blob that a reader keeps open, so that none of them is removed; empty: all parts are inline."""
        self.add(parts)

    def add(self, parts: Sequence[Part]) -> None:
        """Further parts, with higher numbers."""
        for part in parts:
            self.size_bytes += part.size_bytes
            self._numbers.append(part.number)
            self._ends.append(self.size_bytes)
            self.pieces.append(Piece(part.id, part.file, part.size_bytes, part.checksums))
            self.anchor = self.anchor or part.file

    def range_of(self, number: int) -> ByteRange | None:
        """Where in the object the part of that number is."""
        place = bisect_left(self._numbers, number)
        if place == len(self._numbers) or self._numbers[place] != number:
            return None
        size_bytes = self.pieces[place].size_bytes
        return ByteRange(self._ends[place] - size_bytes, size_bytes)

    def within(self, wanted: ByteRange) -> Iterator[PieceRange]:
        """What a range of the object is made of, in order."""
        offset, end = wanted.offset, wanted.offset + wanted.length
        for place in range(bisect_right(self._ends, offset), len(self.pieces)):
            if offset >= end:
                return
            piece = self.pieces[place]
            length = min(self._ends[place], end) - offset
            if length:
                yield PieceRange(piece, offset - (self._ends[place] - piece.size_bytes), length)
            offset += length


class PartLists:
    """The lists of all objects; those read last are remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._remembered: OrderedDict[str, PartList] = OrderedDict()
        self._parts = 0

    async def get(self, list_id: str) -> PartList:
        """That of a version that was read. Without parts where it was freed since."""
        if (found := self._remembered.get(list_id)) is not None:
            self._remembered.move_to_end(list_id)
            return found
        found = PartList()
        async for page in store.pages(self._database, list_id):
            found.add(page)
        if found.pieces and list_id not in self._remembered:
            self._remember(list_id, found)
        return found

    def forget(self, list_id: str) -> None:
        if (forgotten := self._remembered.pop(list_id, None)) is not None:
            self._parts -= len(forgotten.pieces)

    def _remember(self, list_id: str, found: PartList) -> None:
        self._remembered[list_id] = found
        self._parts += len(found.pieces)
        while self._parts > _REMEMBERED_PARTS and len(self._remembered) > 1:
            self.forget(next(iter(self._remembered)))
