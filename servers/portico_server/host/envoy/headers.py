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

BODY_LENGTH = "x-portico-content-length"
"""What `content-length` is called on its way from a process behind the front."""

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
    appended = [{"append": _set(key, value)} for key, value in told.items()]
    return _header_mutation("envoy.filters.http.header_mutation", request_mutations=appended)


def hide_length() -> Message:
    """An HTTP filter of a process behind the front. A REST answer says how long its body will be; between the processes
    the body still bears the frames of gRPC, and HTTP/2 refuses one of another length than was said."""
    moved = {"append": _set(BODY_LENGTH, "%RESP(content-length)%")}
    return _header_mutation("hide-length", response_mutations=[moved, {"remove": "content-length"}])


def restore_length() -> Message:
    """The HTTP filter of the front for that, to stand behind the transcoder."""
    moved = {"append": _set("content-length", f"%RESP({BODY_LENGTH})%")}
    return _header_mutation("restore-length", response_mutations=[moved, {"remove": BODY_LENGTH}])


def forwarded_certificate() -> Message:
    """A header to add to what is taken on to a node. The value is never empty: an empty one would be left out, and a
    client's own would stay."""
    return _set(FORWARDED_CERTIFICATE, "From=node;%REQ(x-forwarded-client-cert)%")


def _header_mutation(name: str, **mutations: list[Message]) -> Message:
    return extension(name, "extensions.filters.http.header_mutation.v3.HeaderMutation", mutations=mutations)


def _set(key: str, value: str) -> Message:
    return {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
