"""Uploads by forms in browsers (POST Object): the signed policy that says what a form may hold.

A policy may be signed by Signature Version 2 as well: programs that make forms still do that, and the policy, which
says until when it is good, is all that is signed in either version.
Source: Amazon S3 API Reference, "Browser-Based Uploads Using POST (AWS Signature Version 4)": "POST Policy", and
"Calculating a Signature"; Amazon S3 User Guide, "Browser-based uploads using POST (AWS signature version 2)".
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from portico_server.objects.faces.s3.claims import FORM_FIELDS, check_given, claims_of_form
from portico_server.objects.faces.s3.signers import Signers
from portico_server.objects.faces.s3.signing_errors import (
    access_denied,
    does_not_match,
    invalid,
)
from portico_server.platform.access_keys import AccessKey
from portico_server.platform.clock import Clock

MOST_POLICY_BYTES = 20 * 1024
_EXPIRATION = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?Z")
_UNCONDITIONED = ("policy", "x-amz-signature", "file")
"""Fields that need no condition; and all whose names begin with `x-ignore-`. The bucket does need one."""
_OLDER_FIELDS = ("awsaccesskeyid", "signature")
"""Of Signature Version 2; they need no condition either."""
_MAY_BE_SEVERAL = "content-type"
"""Of this field each of the values, with commas between, must begin as the policy says."""
_LARGEST = 2**63


class Condition(NamedTuple):
    """`kind`: eq or starts-with; `field` in lower case."""

    kind: str
    field: str
    value: str

    def holds(self, given: str) -> bool:
        if self.kind == "starts-with":
            values = re.split(r",\s*", given) if self.field == _MAY_BE_SEVERAL else [given]
            return all(value.startswith(self.value) for value in values)
        return given == self.value

    def __str__(self) -> str:
        return json.dumps([self.kind, f"${self.field}", self.value])


@dataclass(frozen=True, slots=True)
class Policy:
    """What a form may hold: until when, in seconds since 1970, and how many bytes the file may have."""

    expires_at: int
    conditions: tuple[Condition, ...]
    least_bytes: int = 0
    most_bytes: int = _LARGEST

    def check_not_larger(self, size_bytes: int) -> None:
        """Raises ApiError for a file of which already so much has come."""
        if size_bytes > self.most_bytes:
            raise invalid(
                "ENTITY_TOO_LARGE",
                "your proposed upload exceeds the maximum allowed size",
                proposed_size=str(size_bytes),
                max_size_allowed=str(self.most_bytes),
            )

    def check_not_smaller(self, size_bytes: int) -> None:
        """Raises ApiError for a file that has only so much."""
        if size_bytes < self.least_bytes:
            raise invalid(
                "ENTITY_TOO_SMALL",
                "your proposed upload is smaller than the minimum allowed size",
                proposed_size=str(size_bytes),
                min_size_allowed=str(self.least_bytes),
            )


@dataclass(frozen=True, slots=True)
class SignedForm:
    """A form whose signature is good, and that is as its policy wants it, but for the file's size, which is not known
    yet: that must be within the policy's bounds."""

    key: AccessKey
    policy: Policy


def verify_form(fields: Mapping[str, str], bucket: str, signers: Signers, clock: Clock) -> SignedForm | None:
    """Who has signed a form to that bucket; None for nobody. `fields`: those before the file, by name in lower case.
    Raises ApiError."""
    if "policy" not in fields:
        if any(name in fields for name in (*FORM_FIELDS, *_OLDER_FIELDS)):
            check_given(("policy",), fields)
        return None
    older = "x-amz-algorithm" not in fields and any(name in fields for name in _OLDER_FIELDS)
    key = (_signer_by_version_2 if older else _signer)(fields, signers)
    if older:
        fields = {name: value for name, value in fields.items() if name not in _OLDER_FIELDS}
    policy = policy_of(fields["policy"])
    if clock.now_us() // 1_000_000 >= policy.expires_at:
        raise access_denied("Invalid according to Policy: Policy expired.")
    _check(policy, {**fields, "bucket": bucket})
    return SignedForm(key, policy)


def _signer(fields: Mapping[str, str], signers: Signers) -> AccessKey:
    """The key that has signed the policy. Raises ApiError."""
    claims = claims_of_form(fields)
    key = signers.key_of(claims)
    encoded = fields["policy"].encode()
    if not hmac.compare_digest(signers.signing_key(key, claims).signature(encoded), claims.signature):
        raise does_not_match(claims.key_id, claims.signature, encoded)
    return key


def _signer_by_version_2(fields: Mapping[str, str], signers: Signers) -> AccessKey:
    check_given(_OLDER_FIELDS, fields)
    key_id, signature = (fields[name] for name in _OLDER_FIELDS)
    key = signers.key_named(key_id)
    encoded = fields["policy"].encode()
    ours = base64.b64encode(hmac.digest(key.secret(), encoded, "sha1"))
    if not hmac.compare_digest(ours, signature.encode()):
        raise does_not_match(key_id, signature, encoded)
    return key


def policy_of(encoded: str) -> Policy:
    """Of its base64. Raises ApiError."""
    try:
        if len(encoded) > MOST_POLICY_BYTES:
            raise ValueError(f"it is larger than {MOST_POLICY_BYTES} bytes")
        document = json.loads(base64.b64decode(encoded, validate=True).decode())
        expires_at = _expiration(document["expiration"])
        bounds = [part for part in document["conditions"] if _is_range(part)]
        conditions = tuple(_conditions(part for part in document["conditions"] if not _is_range(part)))
        least = max((_number(low) for _, low, _ in bounds), default=0)
        most = min((_number(high) for _, _, high in bounds), default=_LARGEST)
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise invalid("INVALID_POLICY_DOCUMENT", f"Invalid Policy: {error}") from None
    return Policy(expires_at, conditions, least, most)


def _check(policy: Policy, fields: Mapping[str, str]) -> None:
    """Every condition holds, and no field is without one. Raises ApiError."""
    for condition in policy.conditions:
        if not condition.holds(fields.get(condition.field, "")):
            raise access_denied(f"Invalid according to Policy: Policy Condition failed: {condition}")
    conditioned = {condition.field for condition in policy.conditions}
    extra = [name for name in fields if name not in conditioned and not _needs_none(name)]
    if extra:
        raise access_denied(f"Invalid according to Policy: Extra input fields: {', '.join(sorted(extra))}")


def _needs_none(field: str) -> bool:
    return field in _UNCONDITIONED or field.startswith("x-ignore-")


def _conditions(parts: Iterable[Any]) -> Iterator[Condition]:
    """Of a policy document; raises ValueError, TypeError."""
    for part in parts:
        if isinstance(part, dict) and len(part) == 1:
            ((field, value),) = part.items()
            kind = "eq"
        elif isinstance(part, list) and len(part) == 3:
            kind, field, value = part
            kind = kind.lower()
            if kind not in ("eq", "starts-with") or not field.startswith("$"):
                raise ValueError(f"there is no condition {json.dumps(part)[:200]}")
            field = field[1:]
        else:
            raise ValueError(f"there is no condition {json.dumps(part)[:200]}")
        if not isinstance(value, str):
            raise ValueError(f"the value of {field} must be a text")
        yield Condition(kind, field.lower(), value)


def _is_range(part: Any) -> bool:
    return isinstance(part, list) and len(part) == 3 and part[0] == "content-length-range"


def _number(value: Any) -> int:
    """A number of bytes, which some clients write as a text."""
    number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else -1
    if not 0 <= number <= _LARGEST:
        raise ValueError("content-length-range must have two numbers of bytes")
    return number


def _expiration(text: str) -> int:
    """Seconds since 1970. Raises ValueError."""
    found = _EXPIRATION.fullmatch(text)
    if found is None:
        raise ValueError("expiration must be a time as 2007-12-01T12:00:00.000Z")
    year, month, day, hour, minute, second = map(int, found.groups())
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
