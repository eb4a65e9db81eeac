"""Page tokens: opaque, signed, and bound to the caller, the method and the request's other fields (AIP-158)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from google.protobuf.message import Message

from portico_server.platform.errors import ApiError, invalid_argument

_MAC_BYTES = 16


class PageTokens:
    """Seals where a list stands into a token and opens it again. `key`: 32 secret bytes of the platform."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, request: Message, principal: str, cursor: str) -> str:
        """A token that goes on behind `cursor`; empty for an empty cursor, which means the last page."""
        if not cursor:
            return ""
        payload = cursor.encode()
        return base64.urlsafe_b64encode(self._mac(request, principal, payload) + payload).decode().rstrip("=")

    def open(self, request: Message, principal: str, token: str) -> str:
        """The cursor; empty for an empty token. INVALID_ARGUMENT for one that was not made for this very list."""
        if not token:
            return ""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            cursor = raw[_MAC_BYTES:].decode()
        except ValueError:
            raise _refused() from None
        if not hmac.compare_digest(raw[:_MAC_BYTES], self._mac(request, principal, raw[_MAC_BYTES:])):
            raise _refused()
        return cursor

    def _mac(self, request: Message, principal: str, payload: bytes) -> bytes:
        bound = type(request)()
        bound.CopyFrom(request)
        bound.ClearField("page_token")
        bound.ClearField("page_size")
        parts = (
            bound.DESCRIPTOR.full_name.encode(),
            bound.SerializeToString(deterministic=True),
            principal.encode(),
            payload,
        )
        digest = hashlib.blake2b(key=self._key, digest_size=_MAC_BYTES)
        for part in parts:
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.digest()


def _refused() -> ApiError:
    return invalid_argument(
        "page_token",
        "was not made for this list; use next_page_token with all other fields unchanged",
        "INVALID_PAGE_TOKEN",
    )
