"""What the servicers ask of the call that is being served: who calls, what he may do and see."""

from __future__ import annotations

from portico_server.objects.judging import ALL_RIGHTS, CREATE, UPDATE, Rights
from portico_server.platform import call
from portico_server.platform.caller import principal, request_key, shown

__all__ = ["principal", "request_key", "rights", "shown"]


def rights() -> Rights:
    """Which of the two permissions that a put or a copy may need the caller holds."""
    held = call.current.get().held
    if CREATE in held and UPDATE in held:
        return ALL_RIGHTS
    return Rights(CREATE in held, UPDATE in held)
