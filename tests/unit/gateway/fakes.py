"""A call without a host, for tests of single steps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from portico.testing.v1 import testing_pb2

from portico_server.platform.authorization import Filter, Principal
from portico_server.platform.call import Call, Step
from portico_server.platform.methods import FOREIGN, Method, methods_of

SERVICE = "/portico.testing.v1.TestingService/"
METHODS: dict[str, Method] = {
    **methods_of(testing_pb2.DESCRIPTOR.services_by_name.values()),
    **FOREIGN,
}
ADMIN = Principal("accounts/default/principals/admin", "default")


class FakeContext:
    """As much of a ServicerContext as the pipeline looks at."""

    def __init__(self, *, status: Any = None, remaining_seconds: float | None = None) -> None:
        self.status = status
        self.remaining_seconds = remaining_seconds

    def peer(self) -> str:
        return "ipv4:192.0.2.1:5000"

    def code(self) -> Any:
        return self.status

    def time_remaining(self) -> float | None:
        return self.remaining_seconds


class FakeAuthorizer:
    """Allows what it was told to: pairs of permission and resource."""

    def __init__(self, *allowed: tuple[str, str], shown: Filter | None = None) -> None:
        self.allowed = set(allowed)
        self.asked: list[tuple[str, str]] = []
        self.shown = shown or Filter(everything=True)
        self.own: set[tuple[str, str]] = set()
        """What is let in where it is for the caller's own."""

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        self.asked.append((permission, resource))
        return (permission, resource) in self.allowed

    def allows_own(self, principal: Principal, permission: str, resource: str) -> bool:
        return self.allows(principal, permission, resource) or (permission, resource) in self.own

    def filter(self, principal: Principal, permission: str, parent: str) -> Filter:
        self.asked.append((permission, parent))
        return self.shown


def method(name: str) -> Method:
    """A method of the testing service by its name, or any by its path."""
    return METHODS[name if name.startswith("/") else SERVICE + name]


def new_call(
    called: str | Method = "Unary",
    message: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    principal: Principal | None = None,
    context: FakeContext | None = None,
) -> Call:
    """A call that has just arrived; its first message is there already."""

    async def first_message() -> Any:
        return message

    return Call(
        method=method(called) if isinstance(called, str) else called,
        context=context or FakeContext(),  # type: ignore[arg-type]
        headers={name.encode(): value.encode("latin-1") for name, value in (headers or {}).items()},
        first_message=first_message,
        arrival_time_ns=time.time_ns(),
        arrival_ns=time.perf_counter_ns(),
        message=message,
        principal=principal,
    )


class Handled:
    """A handler that remembers which calls reached it, and ends as it is told."""

    def __init__(self, raises: BaseException | None = None) -> None:
        self.calls: list[Call] = []
        self.raises = raises

    async def __call__(self, call: Call) -> None:
        self.calls.append(call)
        if self.raises is not None:
            raise self.raises


async def run(step: Step, call: Call, raises: BaseException | None = None) -> bool:
    """Takes a call through one step; whether it came out on the other side."""
    handled = Handled(raises)
    await step(call, handled)
    return handled.calls == [call]
