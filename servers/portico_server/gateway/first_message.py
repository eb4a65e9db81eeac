"""Step: waits for the first message of calls that are decided on it; the steps behind need not wait themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.methods import Method


def first_message(methods: Mapping[str, Method]) -> Step:
    """Belongs behind the steps that need no message, and before those that do. What nothing is decided on is let
    through unread."""
    wanted = {path for path, method in methods.items() if _is_decided_on_it(method)}

    async def read(call: Call, proceed: Handler) -> None:
        call.message = await call.first_message()
        await proceed(call)

    def step(call: Call, proceed: Handler) -> Awaitable[None]:
        return read(call, proceed) if call.method.path in wanted else proceed(call)

    return step


def _is_decided_on_it(method: Method) -> bool:
    names_resources = not method.public and any(requirement.fields for requirement in method.requirements)
    return method.validated or names_resources
