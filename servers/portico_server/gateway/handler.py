"""Step: measures the servicer, and puts a span of its product around it."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter_ns

from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.methods import Method
from portico_server.platform.telemetry import span

UNKNOWN = "gateway.unknown_method"


def handler(methods: Mapping[str, Method]) -> Step:
    """Belongs innermost. Its time includes that of the answer, which the host tells apart as `answer`."""
    names = {path: span_name(method) for path, method in methods.items()}

    async def step(call: Call, proceed: Handler) -> None:
        start_ns = perf_counter_ns()
        try:
            if call.trace.sampled or call.trace.tentative:
                with span(names.get(call.method.path, UNKNOWN)):
                    await proceed(call)
            else:
                await proceed(call)
        finally:
            call.steps.append(("handler", start_ns, perf_counter_ns() - start_ns))

    return step


def span_name(method: Method) -> str:
    """`objects.ObjectService.PutObject` for `/portico.objects.v1.ObjectService/PutObject`."""
    *package, service = method.service.split(".")
    owner = package[1] if package[:1] == ["portico"] and len(package) > 1 else ".".join(package)
    return f"{owner}.{service}.{method.name}"
