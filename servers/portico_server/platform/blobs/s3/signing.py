"""Requests to a store, signed by its access key: AWS Signature Version 4, in the Authorization header.

Bodies are signed, too, by their SHA-256: what arrives otherwise is refused there, also without TLS.
"""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Mapping
from urllib.parse import quote

from portico_server.platform.signature_v4 import ALGORITHM, derived_key, scope

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class Signer:
    """Signs for one access key and region. The derived key of a day is kept."""

    def __init__(self, access_key_id: str, secret: str, region: str) -> None:
        self._access_key_id = access_key_id
        self._region = region
        self._key_of = functools.lru_cache(2)(lambda date: derived_key(secret.encode(), date, region))

    def headers(
        self,
        verb: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body_sha256: str = EMPTY_SHA256,
        at_seconds: float | None = None,
    ) -> dict[str, str]:
        """The headers with those that sign. `path` is encoded, `query` is not; names are in lower case, `host` among
        them."""
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at_seconds))
        all_headers = {**headers, "x-amz-date": at, "x-amz-content-sha256": body_sha256}
        names = sorted(all_headers)
        signed = ";".join(names)
        lines = [verb, path, encoded_query(query), *(f"{name}:{all_headers[name]}" for name in names)]
        canonical = "\n".join([*lines, "", signed, body_sha256])
        named = scope(at[:8], self._region)
        to_sign = f"{ALGORITHM}\n{at}\n{named}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signed_by = self._key_of(at[:8]).signature(to_sign.encode())
        all_headers["authorization"] = (
            f"{ALGORITHM} Credential={self._access_key_id}/{named}, SignedHeaders={signed}, Signature={signed_by}"
        )
        return all_headers


def encoded_query(query: Mapping[str, str]) -> str:
    """As it is sent, and as it is signed: in the order of the encoded names."""
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)
