"""AWS Signature Version 4: what both who signs and who verifies make of a secret.

Source: AWS Identity and Access Management User Guide, "Create a signed AWS API request", steps 3 and 4.
"""

from __future__ import annotations

import hmac

ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE, _END = "s3", "aws4_request"


def scope(date: str, region: str) -> str:
    """What a derived key is good for, as it is written in a signature. `date` is YYYYMMDD."""
    return f"{date}/{region}/{_SERVICE}/{_END}"


def derived_key(secret: bytes, date: str, region: str) -> bytes:
    """The key that signs what a secret access key signs on that day, in that region."""
    derived = b"AWS4" + secret
    for part in (date, region, _SERVICE, _END):
        derived = hmac.digest(derived, part.encode("latin-1"), "sha256")
    return derived


def signature(signing_key: bytes, string_to_sign: bytes) -> str:
    """In hexadecimal."""
    return hmac.digest(signing_key, string_to_sign, "sha256").hex()
