"""Whether the platform and its products serve (`grpc.health.v1`). Needs no token."""

from __future__ import annotations

from grpc_health.v1 import health_pb2

from portico._methods import method
from portico._services import AsyncService, Service, SyncService, operation
from portico._steps import Steps

_SERVICE = "/grpc.health.v1.Health/"
_CHECK = method(_SERVICE + "Check", health_pb2.HealthCheckResponse)


class _Health(Service):
    @operation
    def check(self, service: str = "") -> Steps[str]:
        """`SERVING` or `NOT_SERVING`, of the platform or of one service (`portico.objects.v1.ObjectService`).

        Raises NotFound for a service that the platform does not run.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        response = yield from self.session.call(_CHECK, request)
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(response.status))


class Health(_Health, SyncService):
    """Health, for threads."""


class AsyncHealth(_Health, AsyncService):
    """Health, for asyncio."""
