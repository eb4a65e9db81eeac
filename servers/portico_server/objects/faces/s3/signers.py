"""Who may sign: access keys, and the keys that are derived of their secrets, one a day and region.

Derived keys are remembered, so that no secret is opened for each request, and none is held in memory.
Source: AWS Identity and Access Management User Guide, "Create a signed AWS API request", steps 3 and 4.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

from portico_server.objects.faces.s3.claims import ALGORITHM, Claims
from portico_server.objects.faces.s3.signing_errors import header_malformed, query_malformed, refused
from portico_server.platform.access_keys import AccessKey, AccessKeys
from portico_server.platform.signature_v4 import SigningKey, derived_key

REGIONS = ("auto", "us-east-1", "")
"""The first is the one to name; the others mean the same."""
_REMEMBERED_KEYS = 4096


class Signers:
    """The access keys of all accounts, for signatures that name one of the `regions`."""

    def __init__(self, keys: AccessKeys, regions: Sequence[str] = REGIONS) -> None:
        self._keys = keys
        self._regions = regions
        self._derived = functools.lru_cache(_REMEMBERED_KEYS)(_derived)

    def key_of(self, claims: Claims) -> AccessKey:
        """The key that is said to have signed. Raises ApiError."""
        region = claims.scope.region
        if region not in self._regions:
            malformed = query_malformed if claims.presigned else header_malformed
            raise malformed(f"the region {region[:64]!r} is wrong; expecting {self._regions[0]!r}", self._regions[0])
        return self.key_named(claims.key_id)

    def key_named(self, key_id: str) -> AccessKey:
        """The key of that id. Raises ApiError."""
        key = self._keys.get(key_id)
        if key is None:
            raise refused(
                "INVALID_ACCESS_KEY_ID",
                "there is no such access key, or no longer; make one with `portico access create keys NAME`",
                aws_access_key_id=key_id[:128],
            )
        return key

    def account_of(self, key_id: str) -> str:
        """The account of a key, which nobody has shown to have; empty for none."""
        key = self._keys.get(key_id) if key_id else None
        return key.account if key else ""

    def signing_key(self, key: AccessKey, claims: Claims) -> SigningKey:
        """Good for what the key signs on that day, in that region."""
        return self._derived(key, claims.scope.date, claims.scope.region)


_BEGUN = hashlib.sha256()  # to be copied, as in `SigningKey`


def string_to_sign(claims: Claims, canonical_request: bytes) -> bytes:
    """Of a request."""
    digest = _BEGUN.copy()
    digest.update(canonical_request)
    return f"{ALGORITHM}\n{claims.signed_at}\n{claims.scope.text}\n{digest.hexdigest()}".encode()


def _derived(key: AccessKey, date: str, region: str) -> SigningKey:
    return derived_key(key.secret(), date, region)
