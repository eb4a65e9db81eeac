"""Step: records how the call went, once it has ended: one request event, its spans, its metrics."""

from __future__ import annotations

from collections.abc import Callable, Container
from time import perf_counter_ns

from portico_server.gateway.errors import ErrorMapper
from portico_server.gateway.outcome import outcome_of
from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.telemetry import Telemetry

UNKNOWN_METHOD = "_OTHER"
"""What calls of methods that nobody serves are counted as: their names are the clients' own."""


def event(
    telemetry: Telemetry,
    errors: ErrorMapper,
    certificate_account: Callable[[str], str],
    methods: Container[str],
) -> Step:
    """Belongs outside of all steps whose outcome it tells, and inside of the one that gives the ray id.

    `certificate_account` answers the account of a certificate's URI: it may look up calls whose caller stayed unknown.
    """

    def finish(call: Call, error: BaseException | None) -> None:
        if call.at_end is not None:
            call.at_end()
        outcome = outcome_of(call, error, errors)
        account = call.principal.account if call.principal else certificate_account(call.peer.uri)
        method = call.method.path
        counted_as = method if method in methods else UNKNOWN_METHOD
        telemetry.finished(call, counted_as, account, outcome.code, outcome.reason)

    async def step(call: Call, proceed: Handler) -> None:
        call.steps.append(("queued", call.arrival_ns, perf_counter_ns() - call.arrival_ns))
        try:
            await proceed(call)
        except BaseException as error:
            finish(call, error)
            raise
        finish(call, None)

    return step
