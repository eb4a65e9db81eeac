"""Step: records how the call went, once it has ended: one request event, its spans, its metrics. Whatever went wrong
inside ends here as an error that may be told."""

from __future__ import annotations

from collections.abc import Callable, Container
from time import perf_counter_ns

import structlog

from portico_server.gateway.errors import ErrorMapper
from portico_server.gateway.outcome import outcome_of
from portico_server.gateway.recovery import recovered
from portico_server.gateway.trace import server_span
from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.telemetry import Telemetry

_log = structlog.get_logger(__name__)

UNKNOWN_METHOD = "_OTHER"
"""What calls of methods that nobody serves are counted as: their names are the clients' own."""


def event(
    telemetry: Telemetry,
    errors: ErrorMapper,
    certificate_account: Callable[[str], str],
    methods: Container[str],
) -> Step:
    """Belongs outermost.

    `certificate_account` answers the account of a certificate's URI: it may look up calls whose caller stayed unknown.
    """

    def finish(call: Call, error: BaseException | None) -> None:
        if call.at_end is not None:
            call.at_end()
        try:
            record(call, error)
        except Exception:  # what the call has done is done, and its caller must be told of that
            _log.exception("call_not_recorded", ray_id=call.ray_id, method=call.method.path)

    def record(call: Call, error: BaseException | None) -> None:
        code, reason = outcome_of(call, error, errors)
        account = call.principal.account if call.principal else certificate_account(call.peer.uri)
        method = call.method.path
        duration_ns = perf_counter_ns() - call.arrival_ns
        if telemetry.keeps_spans(call.trace, code, duration_ns):
            call.spans.append(server_span(call, code, reason, duration_ns))
        else:
            call.spans.clear()
        telemetry.finished(call, method if method in methods else UNKNOWN_METHOD, account, code, reason, duration_ns)
        call.spans.clear()  # they name the call, and so would keep it alive until the garbage collector looks

    async def step(call: Call, proceed: Handler) -> None:
        call.steps.append(("queued", call.arrival_ns, perf_counter_ns() - call.arrival_ns))
        try:
            await proceed(call)
        except BaseException as error:
            told = recovered(call, error, errors)
            try:
                finish(call, told)
                if told is error:
                    raise
                raise told from None
            finally:
                del told  # or the exception and this frame would keep one another, and all frames inside, alive
        finish(call, None)

    return step
