"""The application of `hosted.py`: the echo on the adapter, every call passed straight through."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from bench.candidates.echo import EchoService
from portico_server.host.adapter import GrpcApplication
from portico_server.platform.call import Call, Handler
from portico_server.platform.errors import to_api_error
from portico_server.platform.methods import methods_of
from portico_server.platform.settings import from_json

settings_file = Path(os.environ["PORTICO_SETTINGS_FILE"])
settings = from_json(settings_file.read_text())


async def straight_through(call: Call, proceed: Handler) -> None:
    await proceed(call)


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    Path("ready").write_text(str(os.getpid()))  # noqa: ASYNC240 - before any call
    yield


app = GrpcApplication(
    pipeline=straight_through,
    methods=methods_of(testing_pb2.DESCRIPTOR.services_by_name.values()),
    errors=lambda error: to_api_error(error, {}),
    max_message_bytes=settings.max_message_bytes,
    first_message_seconds=settings.first_message_seconds,
    lifespan=lifespan,
)
testing_pb2_grpc.add_TestingServiceServicer_to_server(EchoService(), app)  # type: ignore[no-untyped-call]
