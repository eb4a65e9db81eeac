"""Strangers: callers with neither a good token nor a client's certificate, at the web door. How long their requests may
take to come.

What is no gRPC is collected before Python hears of it (`body_limit`), so nothing else would end a request whose body
does not. A route for strangers alone bounds it. Who has shown a good token by then has another route: `jwt` has it
looked for again.
"""

from __future__ import annotations

from portico_server.host.envoy import jwt
from portico_server.host.envoy.message import Message, seconds

REQUEST_SECONDS = 10.0
"""For all of a request that is collected, and its answer."""

IDENTITIES = (jwt.TOKEN_PAYLOAD, "x-forwarded-client-cert")
"""Headers that Envoy itself sets, for a good token and for a client's certificate."""


def route(known: Message) -> Message:
    """The same route for a stranger's request whose body would be collected."""
    match = known["match"]
    action = {**known["route"], "max_stream_duration": {"max_stream_duration": seconds(REQUEST_SECONDS)}}
    return {**known, "match": {**match, "headers": [*_COLLECTED, *match.get("headers", ())]}, "route": action}


def _without(name: str, **match: str) -> Message:
    return {"name": name, "string_match": match, "invert_match": True, "treat_missing_header_as_empty": True}


_COLLECTED: list[Message] = [
    _without("content-type", prefix="application/grpc"),  # most calls end here
    _without("content-type", prefix="application/connect+"),
    _without(":method", exact="GET"),
    _without(":method", exact="HEAD"),
    *({"name": name, "present_match": True, "invert_match": True} for name in IDENTITIES),
]
