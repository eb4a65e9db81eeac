"""Step: records how the call went, once it has ended: one request event, its spans, its metrics."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns

from portico_server.gateway.errors import ErrorMapper
from portico_server.gateway.outcome import outcome_of
from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.telemetry import Telemetry


def event(telemetry: Telemetry, errors: ErrorMapper, certificate_account: Callable[[str], str]) -> Step:
    """Belongs outside of all steps whose outcome it tells, and inside of the one that gives the ray id."""

    def finish(call: Call, error: BaseException | None) -> None:
        outcome = outcome_of(call, error, errors)
        account = call.principal.account if call.principal else certificate_account(call.peer.uri)
        telemetry.finished(call, account, outcome.code, outcome.reason)

    async def step(call: Call, proceed: Handler) -> None:
        call.steps.append(("queued", call.arrival_ns, perf_counter_ns() - call.arrival_ns))
        try:
            await proceed(call)
        except BaseException as error:
            finish(call, error)
            raise
        finish(call, None)

    return step
