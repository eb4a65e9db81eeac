"""Health (`grpc.health.v1`): of the platform as a whole (the empty name) and of each service, `Watch` too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from grpc_health.v1 import health, health_pb2, health_pb2_grpc

_Status = health_pb2.HealthCheckResponse


class _Servicer(health.aio.HealthServicer):  # type: ignore[misc]  # generated without types
    """The stock servicer, and the method of the contract that it lacks."""

    def __init__(self) -> None:
        super().__init__()
        self._statuses: dict[str, int] = {}

    async def set(self, service: str, status: int) -> None:
        self._statuses[service] = status
        await super().set(service, status)

    async def List(self, request: health_pb2.HealthListRequest, context: Any) -> health_pb2.HealthListResponse:
        statuses = {name: _Status(status=status) for name, status in self._statuses.items()}
        return health_pb2.HealthListResponse(statuses=statuses)


_LOOK_SECONDS = 0.5
"""How often a process that serves some of the services is asked whether it does."""


class Health:
    """The health of all services, told at once; of those that another process serves, as that process is."""

    def __init__(self, services: Sequence[str]) -> None:
        self._services = ("", *services)
        self._servicer = _Servicer()
        self._stopping = False

    def add_to(self, server: Any) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def serving(self) -> None:
        """Everything is up."""
        await self._set(_Status.SERVING)

    async def not_serving(self) -> None:
        """The platform is about to stop: clients should go elsewhere, calls in flight end."""
        self._stopping = True
        await self._set(_Status.NOT_SERVING)

    async def follow(self, services: Sequence[str], is_serving: Callable[[], Awaitable[bool]]) -> None:
        """For ever: keeps the health of services as another process's is."""
        before = True
        while True:
            serving = await is_serving()
            if serving is not before and not self._stopping:
                for service in services:
                    await self._servicer.set(service, _Status.SERVING if serving else _Status.NOT_SERVING)
                before = serving
            await asyncio.sleep(_LOOK_SECONDS)

    async def _set(self, status: int) -> None:
        for service in self._services:
            await self._servicer.set(service, status)
