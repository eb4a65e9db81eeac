"""Requests that come round: this platform, or one that has its bytes here, has this door as its store
(`docs/stores.md`)."""

from __future__ import annotations

import grpc

from portico_server.objects.faces.s3.refusals import invalid_argument
from portico_server.platform.blobs import LOCAL, Blobs, loops
from portico_server.platform.errors import ApiError

_NAME = "CDN-Loop"


class Circles:
    """Knows by which platforms requests have come."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._own = loops.platform_named(blobs.identity)

    def enter(self, header: str) -> None:
        """Notes what a request says, for what a store is asked because of it. Raises ApiError where it came by here."""
        if len(header) > loops.MOST_CHARACTERS or not header.isascii() or not header.isprintable():
            raise invalid_argument(
                _NAME, header, f"{_NAME} may have {loops.MOST_CHARACTERS} printable characters at most"
            )
        platforms = loops.platforms_in(header)
        if self._own in platforms:
            raise _refused("it has come by this platform before", {"platform": self._own})
        if len(platforms) > loops.MOST_PLATFORMS:
            raise _refused(f"it has come by more than {loops.MOST_PLATFORMS} others", {})
        loops.note(header)

    @property
    def is_asked_for_bytes(self) -> bool:
        """Whether the request came by a platform: this one is its store, or its store's."""
        return bool(loops.came_by())

    async def check_way(self, store: str) -> None:
        """That what goes into the store of that name does not come back. Raises ApiError."""
        if store not in ("", LOCAL):
            await self._blobs.check_way(store)


def _refused(why: str, metadata: dict[str, str]) -> ApiError:
    return ApiError(
        grpc.StatusCode.FAILED_PRECONDITION,
        "LOOP_DETECTED",
        f"the request comes round: {why}, as {_NAME} tells; describe another endpoint or bucket in the stores.toml of "
        "the platform that has sent it",
        metadata=metadata,
    )
