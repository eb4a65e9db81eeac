"""Calls that Envoy refuses before Python hears of them, because more come than Python can serve.

The queue forms in front of Python, where Python cannot refuse: by the time that it looks at a call, most of the call's
cost has been paid. So a filter at the very beginning refuses a share of the calls, and the application, which sees how
long calls wait, says which share (`host/shedding.py`), by a runtime key. Health is never refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from portico_server.host.envoy.answers import Answer, by_json, by_status, header
from portico_server.host.envoy.message import Message, extension

SHARE = "portico.shed"
"""The runtime key: of a million calls, how many are refused."""

REQUESTS_PER_TURN = 4
"""How many requests of a connection Envoy takes up before it looks at the others: else health, on a connection of its
own, was behind all that a crowd had sent on theirs (1.7 s)."""

REFUSED_STATUS = 503
RETRY_SECONDS = 1
"""When whoever was refused may try again."""
MESSAGE = "more calls come than can be served now: try again after a second"
REASON = "OVERLOADED"

_UNAVAILABLE = 14
_HEALTH = "/grpc.health.v1.Health/"
FLAG = "FI"  # Envoy's response flag of what the fault filter has answered


def shedding_filter() -> Message:
    """An HTTP filter, to stand before all that costs something."""
    return extension(
        "envoy.filters.http.fault",
        "extensions.filters.http.fault.v3.HTTPFault",
        abort={"http_status": REFUSED_STATUS, "percentage": {"numerator": 0, "denominator": "MILLION"}},
        abort_percent_runtime=SHARE,
        headers=[{"name": ":path", "string_match": {"prefix": _HEALTH}, "invert_match": True}],
        disable_downstream_cluster_stats=True,
    )


def runtime(layers: Iterable[Message] = ()) -> Message:
    """The bootstrap's `layered_runtime`: what is fixed, these layers, and above them what the administration socket
    sets."""
    fixed = {"name": "fixed", "static_layer": {"http.max_requests_per_io_cycle": REQUESTS_PER_TURN}}
    return {"layers": [fixed, *layers, {"name": "administration", "admin_layer": {}}]}


def share(refused: float) -> str:
    """The value of SHARE for a share from 0 to 1."""
    return f'{{"numerator": {round(refused * 1e6)}, "denominator": "MILLION"}}'


def local_replies(rest: Message) -> list[Message]:
    """How a refusal is told; `rest` is the filter for requests of those who speak no gRPC."""
    flagged = {"response_flag_filter": {"flags": [FLAG]}}
    answer = Answer(_UNAVAILABLE, REASON, MESSAGE, RETRY_SECONDS)
    after = header("retry-after", str(RETRY_SECONDS))
    return [
        {"filter": {"and_filter": {"filters": [flagged, rest]}}, "headers_to_add": [after], **by_json(answer)},
        {"filter": flagged, **by_status(answer)},
    ]
