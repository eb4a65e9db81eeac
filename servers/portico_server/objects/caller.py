"""What the servicers ask of the call that is being served: who calls, what he may do and see."""

from __future__ import annotations

from google.protobuf.message import Message

from portico_server.objects.judging import ALL_RIGHTS, CREATE, UPDATE, Rights
from portico_server.platform import call
from portico_server.platform.authorization import Filter
from portico_server.platform.requests import RequestKey

_NOTHING = Filter(everything=False)


def principal() -> str:
    """The caller's name."""
    found = call.current.get().principal
    return found.name if found else ""


def rights() -> Rights:
    """Which of the two permissions that a put or a copy may need the caller holds."""
    held = call.current.get().held
    if CREATE in held and UPDATE in held:
        return ALL_RIGHTS
    return Rights(CREATE in held, UPDATE in held)


def shown() -> Filter:
    """What a list may show; nothing where nobody decided."""
    return call.current.get().filter or _NOTHING


def request_key(request: Message) -> RequestKey | None:
    """Names the caller's request, if it has a request id."""
    return RequestKey.of(principal(), call.current.get().method.path, request)
