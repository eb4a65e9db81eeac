"""A process that is called before it is there: at once refused, or waited for, as the call says."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import grpc
import pytest
from portico.testing.v1 import testing_pb2 as pb

from portico_server.host.mesh.opening import open_meshes
from portico_server.platform.keyring import Keyring
from portico_server.platform.placement import Placement
from portico_server.platform.settings import Settings
from tests.contract.mesh.stand import CALLING_PRODUCT, NAME, SECONDS, Stand, failure_of
from tests.harness import RunningPlatform

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_process_that_is_not_there_yet_is_waited_for_where_the_call_says_so(
    apart: RunningPlatform, tmp_path: Path
) -> None:
    settings = Settings(data=apart.data, processes=("testing",))
    key = Keyring.open(settings.data, settings.trust_domain, settings.hostnames).assertions
    door = tmp_path / "door.sock"
    unused: Any = None  # nothing is served here

    def door_of(process: str) -> str:
        return os.path.relpath(door)

    async with open_meshes(
        unused, Placement(settings), key, door_of=door_of, watched=tmp_path, max_streams=settings.max_streams
    ) as meshes:
        stand = Stand(meshes.of(CALLING_PRODUCT))
        request = pb.UnaryRequest(name=NAME, text="hello")
        with stand.calling():
            refused = await failure_of(stand.stub.Unary(request, timeout=SECONDS))
            assert refused.code is grpc.StatusCode.UNAVAILABLE
            late = await failure_of(stand.stub.Unary(request, timeout=0.3, wait_for_ready=True))
            assert late.code is grpc.StatusCode.DEADLINE_EXCEEDED
            waiting = asyncio.ensure_future(stand.stub.Unary(request, timeout=SECONDS, wait_for_ready=True))
            door.symlink_to((apart.settings.run / "testing" / "door.sock").resolve())
            assert (await waiting).text == "hello"
