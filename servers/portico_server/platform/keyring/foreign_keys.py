"""The keys of a further issuer, as its JWK set gives them (RFC 7517): which of them are believed, and for what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

MAX_SET_BYTES = 128 * 1024
MAX_KEYS = 64
_LEAST_RSA_BITS = 2048
_MOST_RSA_BITS = 8192
_MAX_KID = 512

_IMPORTS: dict[str, Any] = {"ES256": ECKey, "RS256": RSAKey, "EdDSA": OKPKey}
_PUBLIC = {"ES256": ("kty", "crv", "x", "y"), "RS256": ("kty", "n", "e"), "EdDSA": ("kty", "crv", "x")}
"""The members that make a key. No other is passed on: not a private half, and not `x5c`, a second word of the key."""


def believed_keys(content: bytes, algorithms: Sequence[str]) -> dict[str, Any]:
    """The set's keys of these algorithms, each bound to its one (`alg`), the others dropped. Raises ValueError where
    none is left."""
    if len(content) > MAX_SET_BYTES:
        raise ValueError(f"the JWK set is larger than {MAX_SET_BYTES} bytes")
    try:
        keys = json.loads(content)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError('it is no JWK set: JSON like {"keys": […]}') from None
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise ValueError(f"it is no JWK set of {MAX_KEYS} keys at most")
    believed = [key for key in (_believed(key, algorithms) for key in keys) if key is not None]
    if not believed:
        raise ValueError(f"it has no public signing key for {', '.join(algorithms)}")
    return {"keys": believed}


def _believed(key: Any, algorithms: Sequence[str]) -> dict[str, Any] | None:
    if not isinstance(key, dict):
        return None
    algorithm = {("EC", "P-256"): "ES256", ("RSA", None): "RS256", ("OKP", "Ed25519"): "EdDSA"}.get(
        (str(key.get("kty")), str(key["crv"]) if "crv" in key else None)
    )
    if algorithm not in algorithms or algorithm is None or key.get("alg", algorithm) != algorithm:
        return None
    operations, kid = key.get("key_ops", ["verify"]), key.get("kid", "")
    if key.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    public = {name: key.get(name) for name in _PUBLIC[algorithm]}
    if not isinstance(kid, str) or len(kid) > _MAX_KID or not all(isinstance(value, str) for value in public.values()):
        return None
    try:
        imported = _IMPORTS[algorithm].import_key(public)
        bits = imported.public_key.key_size if algorithm == "RS256" else None
    except (ValueError, TypeError, JoseError):
        return None
    if bits is not None and not _LEAST_RSA_BITS <= bits <= _MOST_RSA_BITS:
        return None
    return public | {"use": "sig", "alg": algorithm} | ({"kid": kid} if kid else {})
