"""Calls that Envoy refuses before Python hears of them, because more come than Python can serve.

The queue forms in front of Python, where Python cannot refuse: by the time that it looks at a call, most of the call's
cost has been paid. So a filter at the very beginning refuses a share of the calls, and the application, which sees how
long calls wait, says which share (`host/shedding.py`), by a runtime key. Health is never refused.
"""

from __future__ import annotations

import base64

from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from portico_server.host.envoy.message import TYPES, Message, extension

SHARE = "portico.shed"
"""The runtime key: of a million calls, how many are refused."""

REFUSED_STATUS = 503
RETRY_SECONDS = 1
"""When whoever was refused may try again."""
MESSAGE = "more calls come than can be served now: try again after a second"
REASON = "OVERLOADED"
DOMAIN = "portico"

_UNAVAILABLE = 14
_HEALTH = "/grpc.health.v1.Health/"
_FLAG = "FI"  # Envoy's response flag of what the fault filter has answered


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


def runtime() -> Message:
    """The bootstrap's `layered_runtime`: what the administration socket sets counts."""
    return {"layers": [{"name": "administration", "admin_layer": {}}]}


def share(refused: float) -> str:
    """The value of SHARE for a share from 0 to 1."""
    return f'{{"numerator": {round(refused * 1e6)}, "denominator": "MILLION"}}'


def local_replies(rest: Message) -> list[Message]:
    """How a refusal is told; `rest` is the filter for requests of those who speak no gRPC."""
    flagged = {"response_flag_filter": {"flags": [_FLAG]}}
    info = {"@type": f"{TYPES}google.rpc.ErrorInfo", "reason": REASON, "domain": DOMAIN}
    retry = {"@type": f"{TYPES}google.rpc.RetryInfo", "retryDelay": f"{RETRY_SECONDS}s"}
    body = {"code": _UNAVAILABLE, "message": MESSAGE, "details": [info, retry]}
    after = _header("retry-after", str(RETRY_SECONDS))
    return [
        {
            "filter": {"and_filter": {"filters": [flagged, rest]}},
            "headers_to_add": [after],
            "body_format_override": {"json_format": body, "content_type": "application/json"},
        },
        {
            "filter": flagged,
            "headers_to_add": [_header("grpc-status-details-bin", _status())],
            "body_format_override": {"text_format_source": {"inline_string": MESSAGE}},
        },
    ]


def _header(key: str, value: str) -> Message:
    return {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _status() -> str:
    """What gRPC clients read the details of: a google.rpc.Status, as binary metadata is sent."""
    status = status_pb2.Status(code=_UNAVAILABLE, message=MESSAGE)
    retry = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=RETRY_SECONDS))
    for detail in (error_details_pb2.ErrorInfo(reason=REASON, domain=DOMAIN), retry):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return base64.b64encode(status.SerializeToString()).rstrip(b"=").decode()
