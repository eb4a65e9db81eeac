"""Headers that only the gateway may set: a client's own are removed before anything reads them."""

from __future__ import annotations

from portico_server.host.envoy import jwt
from portico_server.host.envoy.message import Message, extension

_INVENTED_PREFIXES = ("x-envoy-", "x-forwarded-", "x-portico-")
_INVENTED = ("forwarded", "x-real-ip", "x-request-id", "x-ray-id")

TOKEN_FAILURE = "x-portico-token-failure"  # noqa: S105 - a header's name
"""Why the request's token is no good, in Envoy's words; absent where it is good."""

CERTIFICATE_SERIAL = "x-portico-certificate-serial"
"""The serial number of the client's certificate, in hexadecimal; absent where it gave none."""


def strip_invented() -> Message:
    """An early header mutation: it runs before Envoy's own headers are set, so those survive. What it removes:
    addresses and certificates of a client's own making, and what our filters tell the application."""
    prefixes = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in _INVENTED_PREFIXES]
    return extension(
        "envoy.http.early_header_mutation.header_mutation",
        "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[*prefixes, *({"remove": name} for name in _INVENTED)],
    )


def tell_token_failure() -> Message:
    """An HTTP filter, to stand behind `jwt_authn`: that one leaves its finding in metadata, which Python cannot
    read. The certificate's serial number is told along with it."""
    failure = f"%DYNAMIC_METADATA({jwt.METADATA_NAMESPACE}:{jwt.FAILURE}:message)%"
    told = {TOKEN_FAILURE: failure, CERTIFICATE_SERIAL: "%DOWNSTREAM_PEER_SERIAL%"}
    return extension(
        "envoy.filters.http.header_mutation",
        "extensions.filters.http.header_mutation.v3.HeaderMutation",
        mutations={"request_mutations": [{"append": _set(key, value)} for key, value in told.items()]},
    )


def _set(key: str, value: str) -> Message:
    return {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
