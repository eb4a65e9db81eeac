"""Credentials that accounts give out, API tokens, access keys and secrets of service accounts: by what ids they are
known.

An id says of itself whose kind it is, and stands in the tokens that were issued by the credential: so these fall with
it. No other token's `jti` has a dot.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

API_TOKEN_ID_PREFIX = "api."  # noqa: S105
"""So one that is known no more is refused, and not taken for a token that may do all that its principal may."""
CLIENT_SECRET_ID_PREFIX = "sec."  # noqa: S105

ACCESS_KEY_ID_PREFIX = "key."

API_TOKEN_SECRET_PREFIX = "portico_token_"  # noqa: S105
"""What API tokens begin with as they are shown, once, and sent with each call."""


def api_token_id(secret: str | bytes) -> str:
    """The id of the API token whose secret this is: its SHA-256. Secrets are 256 random bits, so the id tells nothing
    of them, and neither a salt nor a slow hash is needed; whoever is shown a secret finds the token by one look-up."""
    digest = hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).digest()
    return API_TOKEN_ID_PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def client_secret_id(secret_id: str) -> str:
    """The id of a service account's secret, whose name ends in `secret_id`."""
    return CLIENT_SECRET_ID_PREFIX + secret_id


def access_key_credential(access_key_id: str) -> str:
    """The id, as a credential, of the access key by whose id calls are signed."""
    return ACCESS_KEY_ID_PREFIX + access_key_id


def credential_among(token_ids: Iterable[str]) -> str:
    """The id of an account's credential among those that a token has and comes of; empty for none."""
    prefixes = API_TOKEN_ID_PREFIX, CLIENT_SECRET_ID_PREFIX
    return next((token_id for token_id in token_ids if token_id.startswith(prefixes)), "")
