"""A blob copied within its store, which moves no byte through this platform."""

from __future__ import annotations

from contextlib import suppress

from portico_server.platform.blobs.errors import StoreError, StoreRefused
from portico_server.platform.blobs.s3.answers import document, text
from portico_server.platform.blobs.s3.client import LONG_ANSWER_SECONDS, Request
from portico_server.platform.blobs.s3.place import Place
from portico_server.platform.blobs.s3.writer import begin_upload, complete_upload

COPIED_BYTES = 512 << 20
"""At once: a store answers when it has copied them. Larger blobs are copied in parts, of which there are 10,000."""
_MOST_PARTS = 10_000


async def copy(place: Place, name: str, target: str, size_bytes: int) -> None:
    """Raises FileNotFoundError, StoreError."""
    source = {"x-amz-copy-source": place.client.source_of(place.key_of(name))}
    if size_bytes <= COPIED_BYTES:
        await _ask(place, target, {}, source)
        return
    part_bytes = max(COPIED_BYTES, -(-size_bytes // _MOST_PARTS))
    upload_id = await begin_upload(place, target)
    try:
        etags: list[str] = []
        for offset in range(0, size_bytes, part_bytes):
            last = min(offset + part_bytes, size_bytes) - 1
            query = {"partNumber": str(len(etags) + 1), "uploadId": upload_id}
            etags.append(
                await _ask(place, target, query, source | {"x-amz-copy-source-range": f"bytes={offset}-{last}"})
            )
        await complete_upload(place, target, upload_id, etags)
    except BaseException:
        with suppress(StoreError, FileNotFoundError):
            await place.client.ask(Request("DELETE", place.key_of(target), {"uploadId": upload_id}))
        raise


async def _ask(place: Place, target: str, query: dict[str, str], headers: dict[str, str]) -> str:
    """The ETag of the copy."""
    request = Request("PUT", place.key_of(target), query, headers, answer_seconds=LONG_ANSWER_SECONDS)
    root = document((await place.client.ask(request)).content)
    etag = text(root, "ETag") if root is not None else ""
    if not etag:
        raise StoreRefused(place.client.name, "it answered a copy without an ETag")
    return etag
