"""Tokens: Envoy verifies signature, issuer, audience and times, and caches what it found good.

A request with a bad token or none goes on (an opaque API token is no JWT, a public method needs none): the identity
step believes only the payload header, which Envoy sets for a good token alone, and learns from the failure header what
was wrong. Rules and keys come from a watched file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portico_server.host.envoy.message import TYPES, Message, typed
from portico_server.host.envoy.watched import WatchedFiles
from portico_server.platform.keyring.identity import issuer_of
from portico_server.platform.keyring.keyring import AUDIENCE

RULES = "token-rules"
METADATA_NAMESPACE = "envoy.filters.http.jwt_authn"
FAILURE = "failure"

TOKEN_PAYLOAD = "x-portico-token-payload"  # noqa: S105 - a header's name
"""The verified token's claims: JSON in base64url."""

CLOCK_SKEW_SECONDS = 30
CACHED_TOKENS = 10_000
"""Per Envoy thread; the least recently used go first."""

_TYPE = "extensions.filters.http.jwt_authn.v3.JwtAuthentication"


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Whose tokens are good, for which audiences, by which JWK set."""

    issuer: str
    audiences: tuple[str, ...]
    jwks: dict[str, Any]


def token_rules(trust_domain: str, jwks: dict[str, Any], others: Sequence[TrustedIssuer] = ()) -> Message:
    """The resource that `RULES` names. Each issuer is a provider of its own, so its keys verify its tokens alone."""
    own = _provider(TrustedIssuer(issuer_of(trust_domain), (AUDIENCE,), jwks))
    # The failure is the own provider's: of several the last would count, which has not been meant.
    providers = {"portico": own | {"failed_status_in_metadata": FAILURE}}
    providers |= {f"other-{number}": _provider(other) for number, other in enumerate(others)}
    requirements: list[Message] = [{"provider_name": name} for name in providers]
    requirement = {"requires_any": {"requirements": [*requirements, {"allow_missing_or_failed": {}}]}}
    rules = typed(_TYPE, providers=providers, rules=[{"match": {"prefix": "/"}, "requires": requirement}])
    return typed("config.core.v3.TypedExtensionConfig", name=RULES, typed_config=rules)


def _provider(issuer: TrustedIssuer) -> Message:
    return {
        "issuer": issuer.issuer,
        "audiences": list(issuer.audiences),
        "local_jwks": {"inline_string": json.dumps(issuer.jwks)},
        # Said outright, or a token in the query (`access_token`), which lands in logs, would do as well. What stands
        # behind the first space is taken, because the scheme may be in any case (RFC 9110, 11.1) and Envoy compares
        # bytes; that it says Bearer is for the identity step.
        "from_headers": [{"name": "authorization", "value_prefix": " "}],
        "forward": True,
        "forward_payload_header": TOKEN_PAYLOAD,
        "clear_route_cache": True,  # who has a good token is no stranger any more
        "clock_skew_seconds": CLOCK_SKEW_SECONDS,
        "jwt_cache_config": {"jwt_cache_size": CACHED_TOKENS},
    }


def token_filter(watched: WatchedFiles) -> Message:
    """The HTTP filter whose configuration is read from the watched file."""
    discovery = {"config_source": watched.source(RULES), "type_urls": [f"{TYPES}envoy.{_TYPE}"]}
    return {"name": RULES, "config_discovery": discovery}
