"""Presigned URLs: whoever has one may do one thing to one object of S3's door for a while, without credentials.

Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

LONGEST_SECONDS = 7 * 24 * 3600
"""No signature is good for longer."""
REGION = "auto"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """What S3's clients call access key id and secret access key."""

    id: str
    secret: str = field(repr=False)


def presigned_url(
    endpoint: str,
    bucket: str,
    key: str,
    access_key: AccessKey,
    *,
    method: str = "GET",
    expires_seconds: int = 3600,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    at_seconds: float | None = None,
) -> str:
    """A URL that is good for `method` on one object.

    Args:
        endpoint: where S3 is spoken, `https://HOST:PORT`.
        bucket: the bucket's id, in the account that has the access key.
        access_key: by whose rights; the URL falls with it, and says its id, not its secret.
        expires_seconds: how long it is good, 1 to 604,800.
        query: further parameters, which are signed: `versionId`, `response-content-disposition`, …
        headers: those that must be sent along, exactly so, as `content-type`.
        at_seconds: from when on, in seconds since 1970; left out: now.

    Raises ValueError.
    """
    if not 0 < expires_seconds <= LONGEST_SECONDS:
        raise ValueError(f"expires_seconds must be 1 to {LONGEST_SECONDS}: seven days at most")
    url = urlsplit(endpoint)
    if not url.netloc or url.path.strip("/"):
        raise ValueError(f"{endpoint!r} must be https://HOST:PORT")
    path = quote(f"/{bucket}/{key}", safe="/~")
    signed = {name.lower(): " ".join(value.split()) for name, value in (headers or {}).items()} | {"host": url.netloc}
    signed_at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at_seconds))
    scope = f"{signed_at[:8]}/{REGION}/s3/aws4_request"
    parameters = {
        **(query or {}),
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{access_key.id}/{scope}",
        "X-Amz-Date": signed_at,
        "X-Amz-Expires": str(expires_seconds),
        "X-Amz-SignedHeaders": ";".join(sorted(signed)),
    }
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in parameters.items())
    encoded = "&".join(f"{name}={value}" for name, value in pairs)
    lines = [method, path, encoded, *(f"{name}:{signed[name]}" for name in sorted(signed))]
    canonical = "\n".join([*lines, "", ";".join(sorted(signed)), "UNSIGNED-PAYLOAD"])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{signed_at}\n{scope}\n{digest}"
    return f"{url.scheme}://{url.netloc}{path}?{encoded}&X-Amz-Signature={_signature(access_key, scope, to_sign)}"


def _encoded(text: str) -> str:
    return quote(text, safe="~")


def _signature(access_key: AccessKey, scope: str, to_sign: str) -> str:
    derived = b"AWS4" + access_key.secret.encode()
    for part in (*scope.split("/"), to_sign):
        derived = hmac.digest(derived, part.encode(), "sha256")
    return derived.hex()
