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


class SigningKey:
    """Derived of a secret access key; good for what that signs on one day, in one region.

    The hash is kept as it stands behind the key, and copied for each signature: to begin anew, OpenSSL looks for the
    algorithm first, which costs more than the rest of the signature.
    """

    __slots__ = ("_begun", "secret")

    def __init__(self, secret: bytes) -> None:
        """`secret`: what was derived."""
        self.secret = secret
        self._begun = hmac.new(secret, digestmod="sha256")

    def signature(self, string_to_sign: bytes) -> str:
        """In hexadecimal."""
        signing = self._begun.copy()
        signing.update(string_to_sign)
        return signing.hexdigest()


def derived_key(secret: bytes, date: str, region: str) -> SigningKey:
    """The key that signs what a secret access key signs on that day, in that region."""
    derived = b"AWS4" + secret
    for part in (date, region, _SERVICE, _END):
        derived = hmac.digest(derived, part.encode("latin-1"), "sha256")
    return SigningKey(derived)
