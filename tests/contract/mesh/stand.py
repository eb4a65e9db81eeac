"""What the mesh's contract is tried on: callers in this process, the testing product where the way leads."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2
from portico.testing.v1 import testing_pb2 as pb
from portico.testing.v1 import testing_pb2_grpc as rpc

from portico_server.gateway.gateway import POLICY_FILE, open_gateway
from portico_server.host.adapter.serving import Serving
from portico_server.host.mesh.local.server import LocalServer
from portico_server.host.mesh.opening import open_meshes
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call, Trace, current
from portico_server.platform.keyring import Keyring
from portico_server.platform.mesh import Mesh
from portico_server.platform.methods import Method
from portico_server.platform.paging import PageTokens
from portico_server.platform.placement import Placement
from portico_server.platform.settings import Settings
from tests.harness import RunningPlatform
from tests.testing_product import product

ADMIN = Principal("accounts/default/principals/admin", "default", token_id="the-token")
STRANGER = Principal("accounts/default/principals/stranger", "default")
NAME = "accounts/default/tests/one"
REPORT = (("x-testing-report", "1"),)
SECONDS = 45.0

CALLING_PRODUCT = "caller"
"""The product whose channels are tried; background work of it may read tests of the account `other`."""

POLICY = f"""
[[bindings]]
principals = ["{ADMIN.name}"]
permissions = ["*"]
resources = ["accounts/default"]

[[bindings]]
principals = ["accounts/portico/principals/{CALLING_PRODUCT}"]
permissions = ["testing.*"]
resources = ["accounts/other"]
"""


class OuterContext:
    """As much of the context of the call that is being served as the mesh looks at."""

    def __init__(self, remaining_seconds: float | None) -> None:
        self._until = None if remaining_seconds is None else time.monotonic() + remaining_seconds
        self.over = False

    def time_remaining(self) -> float | None:
        return None if self._until is None else self._until - time.monotonic()

    def done(self) -> bool:
        return self.over


class Stand:
    """The testing product at the end of a way. `stub` calls it for the current caller, `own` as the product itself."""

    def __init__(self, mesh: Mesh) -> None:
        self.stub: Any = rpc.TestingServiceStub(mesh.channel)
        self.own: Any = rpc.TestingServiceStub(mesh.own_channel)
        self.channel = mesh.channel

    @contextlib.contextmanager
    def calling(
        self,
        principal: Principal | None = ADMIN,
        *,
        remaining_seconds: float | None = None,
        trace: Trace | None = None,
    ) -> Iterator[Call]:
        """As a servicer of `portico.caller.v1.CallerService`, while it serves this principal's call."""
        call = Call(
            method=Method("/portico.caller.v1.CallerService/Call", False, False),
            context=OuterContext(remaining_seconds),  # type: ignore[arg-type]
            headers={},
            first_message=_nothing,
            arrival_time_ns=time.time_ns(),
            arrival_ns=time.perf_counter_ns(),
            principal=principal,
            trace=trace or Trace(secrets.token_hex(16), secrets.token_hex(8)),
        )
        token = current.set(call)
        try:
            yield call
        finally:
            current.reset(token)

    async def report(self, **request: Any) -> dict[str, str]:
        """What the called side saw of a call, and what it has seen so far."""
        call = self.stub.Unary(pb.UnaryRequest(name=NAME, **request), metadata=REPORT, timeout=SECONDS)
        await call
        prefix = "x-testing-"
        trailing = await call.trailing_metadata()
        return {key.removeprefix(prefix): value for key, value in trailing if key.startswith(prefix)}

    @staticmethod
    async def outside(call: Callable[[], Awaitable[Any]]) -> Any:
        """Makes a call where no other is being served, whatever the tests of before have left behind."""

        async def begin() -> Any:
            return await call()

        return await asyncio.create_task(begin(), context=contextvars.Context())

    async def idle(self) -> None:
        """Waits until no call but the one that asks is in flight."""
        await eventually(self._is_idle, "the called side still works on calls that nobody waits for")

    async def _is_idle(self) -> bool:
        return (await self.report())["in-flight"] == "1"


class Failure:
    """A failed call: code, message, reason, metadata of the reason, fields at fault."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        self.code, self.message = error.code(), error.details()
        self.initial = dict(error.initial_metadata() or ())
        self.trailing = dict(error.trailing_metadata() or ())
        status = status_pb2.Status()
        status.ParseFromString(self.trailing.get("grpc-status-details-bin", b""))
        self.info, self.bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in status.details:
            detail.Unpack(self.info) or detail.Unpack(self.bad_request)

    @property
    def reason(self) -> str:
        return self.info.reason


async def failure_of(call: Awaitable[Any]) -> Failure:
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return Failure(error)
    raise AssertionError(f"the call must fail, and answered {answer!r}")


async def eventually(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Returns as soon as `holds` answers True."""
    until = time.monotonic() + SECONDS
    while not await holds():
        assert time.monotonic() < until, f"waited {SECONDS:g} s in vain: {what}"
        await asyncio.sleep(0.02)


async def settled(count: Callable[[], Awaitable[int]]) -> int:
    """A count that has stopped to grow."""
    seen: list[int] = []
    until = time.monotonic() + SECONDS
    while len(seen) < 10 or seen[-1] != seen[-10]:
        assert time.monotonic() < until, f"still growing after {SECONDS:g} s: {seen[-1]}"
        seen.append(await count())
        await asyncio.sleep(0.02)
    return seen[-1]


@contextlib.asynccontextmanager
async def standing_here(folder: Path, *, through_bytes: bool) -> AsyncIterator[Stand]:
    """The testing product in this process, behind the real pipeline."""
    settings = Settings(data=folder)
    (folder / POLICY_FILE).write_text(POLICY)
    keyring = Keyring.open(settings.data, settings.trust_domain, settings.hostnames)
    async with open_gateway(settings, keyring, PageTokens(keyring.page_token_key), [product.PRODUCT]) as gateway:
        serving = Serving(
            pipeline=gateway.pipeline,
            methods=gateway.methods,
            errors=gateway.errors,
            max_message_bytes=settings.max_message_bytes,
            first_message_seconds=settings.first_message_seconds,
        )
        rpc.add_TestingServiceServicer_to_server(product.TestingService(), serving)
        local = LocalServer(serving, through_bytes=through_bytes)
        async with open_meshes(
            local,
            Placement(settings),
            keyring.assertions,
            door_of=_no_door,
            watched=folder,
            max_streams=settings.max_streams,
        ) as meshes:
            yield Stand(meshes.of(CALLING_PRODUCT))


@contextlib.asynccontextmanager
async def standing_elsewhere(platform: RunningPlatform, *, by_node_door: bool) -> AsyncIterator[Stand]:
    """The testing product in a process of its own of a running platform: called by that process's socket, or by the
    door for nodes and through the front behind it."""
    run = platform.settings.run
    if by_node_door:
        port = json.loads((run / "front" / "settings.json").read_text())["mesh_listen"].rpartition(":")[2]
        settings = Settings(data=platform.data, peers=(f"testing=127.0.0.1:{port}",))
    else:
        settings = Settings(data=platform.data, processes=("testing",))
    key = Keyring.open(settings.data, settings.trust_domain, settings.hostnames).assertions

    def door_of(process: str) -> str:
        return os.path.relpath(run / process / "door.sock")  # a socket's path has 107 bytes at most

    unused: Any = None  # nothing is served here
    async with open_meshes(
        unused,
        Placement(settings),
        key,
        door_of=door_of,
        watched=run / "watched",
        max_streams=settings.max_streams,
    ) as meshes:
        yield Stand(meshes.of(CALLING_PRODUCT))


def _no_door(process: str) -> str:
    raise AssertionError(f"{process} is no other process")


async def _nothing() -> None:
    return None
