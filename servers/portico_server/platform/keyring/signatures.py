"""Whether a key has signed a token: a compact JWS (RFC 7515), by the one algorithm that the key is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key


def has_signed(key: ECKey | OKPKey | RSAKey, algorithm: str, token: str) -> bool:
    """Whether this key has, by this algorithm. What the token says of keys counts for nothing."""
    try:
        jws.deserialize_compact(token, key, algorithms=[algorithm])
    except (JoseError, ValueError):
        return False
    return True


def one_has_signed(keys: Iterable[Mapping[str, str]], header: Mapping[str, Any], token: str) -> bool:
    """Whether one of these keys has: public JWKs, each with its one algorithm (`alg`), as `believed_keys` gives them.
    What the token's header says counts for nothing but for which of these to try."""
    kid = header.get("kid")
    return any(
        has_signed(import_key({**key}), key["alg"], token)  # type: ignore[arg-type]  # none of them is symmetric
        for key in keys
        if key["alg"] == header.get("alg") and kid in (None, key.get("kid"))
    )
