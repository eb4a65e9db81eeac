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

FORWARDED_CERTIFICATE = "portico-client-certificate"
"""From node to node: what the first one found of the caller's certificate, as in `x-forwarded-client-cert`. It counts
only where the peer's own certificate is a node's (`gateway/certificates.py`)."""

_FRONT_ONLY = (jwt.TOKEN_PAYLOAD, TOKEN_FAILURE)
"""What the process behind the front finds out itself, with its own filters."""


def strip_found() -> Message:
    """The early header mutation of a process behind the front. Certificates, addresses and REST paths are the front's
    word and stay; who calls is verified again."""
    return _early_mutation([{"remove": name} for name in _FRONT_ONLY])


def strip_invented() -> Message:
    """An early header mutation: it runs before Envoy's own headers are set, so those survive. What it removes:
    addresses and certificates of a client's own making, and what our filters tell the application."""
    prefixes = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in _INVENTED_PREFIXES]
    return _early_mutation([*prefixes, *({"remove": name} for name in _INVENTED)])


def _early_mutation(mutations: list[Message]) -> Message:
    return extension(
        "envoy.http.early_header_mutation.header_mutation",
        "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=mutations,
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


def forwarded_certificate() -> Message:
    """A header to add to what is taken on to a node. The value is never empty: an empty one would be left out, and a
    client's own would stay."""
    return _set(FORWARDED_CERTIFICATE, "From=node;%REQ(x-forwarded-client-cert)%")


def _set(key: str, value: str) -> Message:
    return {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
