"""Who may speak at which door: connections without a certificate of this platform are closed where one is required.
And what nobody may ask for: a tunnel, and a path that is no text."""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.host.envoy.door import Door
from portico_server.host.envoy.message import Message, extension, typed
from portico_server.platform.keyring.identity import node_uri


def client_certificate_filter(doors: Sequence[Door], trust_domain: str) -> Message:
    """A network filter. It asks for the certificate's SPIFFE id: `authenticated` without a `principal_name` would let
    clients in that gave no certificate."""
    ours = {"authenticated": {"principal_name": {"prefix": f"spiffe://{trust_domain}/"}}}
    node = {"authenticated": {"principal_name": {"exact": node_uri(trust_domain)}}}
    client = {"and_ids": {"ids": [ours, {"not_id": node}]}}
    policies = {}
    for door in doors:
        principal = node if door.nodes else client if door.client_certificate else {"not_id": node}
        policies[f"port {door.port}"] = {"permissions": [{"destination_port": door.port}], "principals": [principal]}
    return extension(
        "envoy.filters.network.rbac",
        "extensions.filters.network.rbac.v3.RBAC",
        stat_prefix="doors",
        rules={"action": "ALLOW", "policies": policies},
    )


def tunnel_filter() -> Message:
    """An HTTP filter that refuses CONNECT. Such a request has no path, and nothing behind would answer it."""
    connect = {"header": {"name": ":method", "string_match": {"exact": "CONNECT"}}}
    policy = {"permissions": [connect], "principals": [{"any": True}]}
    return extension(
        "envoy.filters.http.rbac",
        "extensions.filters.http.rbac.v3.RBAC",
        rules={"action": "DENY", "policies": {"tunnel": policy}},
    )


PLAIN_PATH = r"([!-$&->@-~]|%[0-7][0-9A-Fa-f])*"
"""ASCII, percent-encoded or not."""


PLAIN_PATH_FILTER = "portico.plain_path"
_CONTINUED = "%[89AB][0-9A-F]"
_UTF8_PATH = (
    r"(?i)([!-$&->@-~]|%[0-7][0-9A-F]"
    rf"|%(C[2-9A-F]|D[0-9A-F]){_CONTINUED}"
    rf"|%(E0%[AB][0-9A-F]|E[1-9A-CEF]{_CONTINUED}|ED%[89][0-9A-F]){_CONTINUED}"
    rf"|%(F0%[9AB][0-9A-F]|F[1-3]{_CONTINUED}|F4%8[0-9A-F]){_CONTINUED}{_CONTINUED})*"
)
"""UTF-8 (RFC 3629, 4), percent-encoded where it is not ASCII."""


def plain_path_filter() -> Message:
    """An HTTP filter for behind the transcoder, where only paths are left that no contract has for REST: all that
    answers there has an ASCII path. `pyvoy` fails to read others that are not UTF-8, and leaves their requests without
    an answer."""
    return extension(PLAIN_PATH_FILTER, _HTTP_RBAC, rules=_path_rules(PLAIN_PATH))


def utf8_path_alone() -> Message:
    """The same filter's configuration for a route whose paths are text of any kind."""
    return typed("extensions.filters.http.rbac.v3.RBACPerRoute", rbac={"rules": _path_rules(_UTF8_PATH)})


def _path_rules(pattern: str) -> Message:
    path = {"url_path": {"path": {"safe_regex": {"regex": pattern}}}}
    return {"action": "ALLOW", "policies": {"path": {"permissions": [path], "principals": [{"any": True}]}}}


_HTTP_RBAC = "extensions.filters.http.rbac.v3.RBAC"
