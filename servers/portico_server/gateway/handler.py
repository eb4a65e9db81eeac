"""Step: puts a span of its product around the servicer. How long that took the host notes."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.methods import Method
from portico_server.platform.telemetry import span

UNKNOWN = "gateway.unknown_method"


def handler(methods: Mapping[str, Method]) -> Step:
    """Belongs innermost."""
    names = {path: span_name(method) for path, method in methods.items()}

    async def record(call: Call, proceed: Handler) -> None:
        with span(names.get(call.method.path, UNKNOWN)):
            await proceed(call)

    def step(call: Call, proceed: Handler) -> Awaitable[None]:
        return record(call, proceed) if call.trace.sampled or call.trace.tentative else proceed(call)

    return step


def span_name(method: Method) -> str:
    """`objects.ObjectService.PutObject` for `/portico.objects.v1.ObjectService/PutObject`."""
    *package, service = method.service.split(".")
    owner = package[1] if package[:1] == ["portico"] and len(package) > 1 else ".".join(package)
    return ".".join(filter(None, (owner, service, method.name)))
