"""Sources compared with their digests before parts are made of ranges of them: a part has a digest of its own, which
would fit bytes that have gone bad as well."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import aclosing
from weakref import WeakValueDictionary

from portico_server.objects.content.checked import checked
from portico_server.objects.versions.reading import CHUNK_BYTES, Reading

_REMEMBERED = 1000


class Compared:
    """The blobs that were compared last: of one that is copied in parts it is done once, though they come at once."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[str, None] = OrderedDict()
        self._comparing = WeakValueDictionary[str, asyncio.Lock]()

    async def compare(self, reading: Reading) -> None:
        """All bytes of a version that was put in one piece, where a range of them is read. Raises `damage.LOST`."""
        version = reading.version
        if reading.blob is None or version.list_id or reading.range.length == version.size_bytes:
            return  # compared as they are read, those of parts where they are whole
        lock = self._comparing.setdefault(version.file, asyncio.Lock())
        async with lock:
            if version.file in self._remembered:
                self._remembered.move_to_end(version.file)
                return
            chunks = reading.blob.chunks(0, version.size_bytes, CHUNK_BYTES)
            async with aclosing(checked(chunks, version.size_bytes, version.checksums)) as whole:
                async for _ in whole:
                    await asyncio.sleep(0)  # what the page cache has comes without letting others run
            self._remembered[version.file] = None
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
