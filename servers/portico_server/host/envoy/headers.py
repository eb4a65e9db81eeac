"""Headers that only the gateway may set: a client's own are removed before anything reads them."""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.host.envoy import jwt
from portico_server.host.envoy.door import Door, at_doors
from portico_server.host.envoy.message import Message, extension

_INVENTED_PREFIXES = ("x-envoy-", "x-forwarded-", "x-portico-")
_INVENTED = ("forwarded", "x-real-ip", "x-request-id", "x-ray-id")

TOKEN_FAILURE = "x-portico-token-failure"  # noqa: S105 - a header's name
"""Why the request's token is no good, in Envoy's words; absent where it is good."""

CERTIFICATE_SERIAL = "x-portico-certificate-serial"
"""The serial number of the client's certificate, in hexadecimal; absent where it gave none."""

FORWARDED_CERTIFICATE = "portico-client-certificate"
"""From node to node: what the first one found of the caller: address and certificate, as in `x-forwarded-client-cert`.
It counts only where the peer's own certificate is a node's (`gateway/certificates.py`)."""

FORWARDED_PATH = "portico-original-path"
"""From node to node: the path that a REST client sent."""

DOOR = "x-portico-door"
"""Of which face's door the request came in at; absent at the others."""

FORWARDED_DOOR = "portico-door"
"""From node to node: the same."""

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
    return _header_mutation("hide-length", response_mutations=_LENGTH_HIDDEN)


def restore_length() -> Message:
    """The HTTP filter of the front for that, to stand behind the transcoder."""
    moved = {"append": _set("content-length", f"%RESP({BODY_LENGTH})%")}
    return _header_mutation("restore-length", response_mutations=[moved, {"remove": BODY_LENGTH}])


def to_process() -> list[Message]:
    """The headers to add to what is taken on to a process: the caller's address. Of callers of the same machine Envoy
    itself would tell another one: that of the machine."""
    return [_set("x-forwarded-for", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")]


def mark(door: str) -> Message:
    """A mutation: the request came in at that door."""
    return {"append": _set(DOOR, door)}


def to_node(door: str = "") -> list[Message]:
    """The headers to add to what is taken on to a node: what the front found out, and the node's own front would remove
    as a client's invention. A client's own of these names are replaced, also where there is nothing to tell.
    `door`: of a face."""
    found = f"Serial=%REQ({CERTIFICATE_SERIAL})%;%REQ(x-forwarded-client-cert)%"
    certificate = f"From=node;Address=%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%;{found}"
    return [
        _set(FORWARDED_CERTIFICATE, certificate),
        {**_set(FORWARDED_PATH, "%REQ(x-envoy-original-path)%"), "keep_empty_value": True},
        *([_set(FORWARDED_DOOR, door)] if door else []),
    ]


def from_node(doors: Sequence[Door]) -> list[Message]:
    """The HTTP filter for what comes in at the nodes' door: the REST path of a call is told again, and what is answered
    goes back as from a process (`hide_length`). The certificate is for the identity step."""
    if not any(door.nodes for door in doors):
        return []
    told = _header_mutation(
        "from-node",
        request_mutations=[{"append": _set("x-envoy-original-path", f"%REQ({FORWARDED_PATH})%")}],
        response_mutations=_LENGTH_HIDDEN,
    )
    return [at_doors("from-node", doors, lambda door: door.nodes, told)]


def _header_mutation(name: str, **mutations: list[Message]) -> Message:
    return extension(name, "extensions.filters.http.header_mutation.v3.HeaderMutation", mutations=mutations)


def _set(key: str, value: str) -> Message:
    return {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


_LENGTH_HIDDEN: list[Message] = [
    {"append": _set(BODY_LENGTH, "%RESP(content-length)%")},
    {"remove": "content-length"},
]
