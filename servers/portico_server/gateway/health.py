"""Health (`grpc.health.v1`): of the platform as a whole (the empty name) and of each service, `Watch` too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grpc_health.v1 import health, health_pb2, health_pb2_grpc

_Status = health_pb2.HealthCheckResponse


class Health:
    """The stock servicer, told of all services at once."""

    def __init__(self, services: Sequence[str]) -> None:
        self._services = ("", *services)
        self._servicer = health.aio.HealthServicer()

    def add_to(self, server: Any) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def serving(self) -> None:
        """Everything is up."""
        await self._set(_Status.SERVING)

    async def not_serving(self) -> None:
        """The platform is about to stop: clients should go elsewhere, calls in flight end."""
        await self._set(_Status.NOT_SERVING)

    async def _set(self, status: int) -> None:
        for service in self._services:
            await self._servicer.set(service, status)
