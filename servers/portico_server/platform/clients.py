"""Programs that prove who they are by a secret (OAuth 2.0: confidential clients): the interface to whatever knows
them."""

from __future__ import annotations

from typing import Protocol

from portico_server.platform.authorization import Principal


class Clients(Protocol):
    """Knows clients by their secrets, of which it keeps digests alone."""

    async def authenticate(self, client_id: str, secret: str) -> Principal | None:
        """Whom the client acts as, with the credential by which it proved itself, and when that ends (0: never); None
        for an unknown id and for a wrong secret alike, after the same time: neither
        may tell which ids there are. Both texts are a stranger's, of up to 16 KiB."""
        ...
