"""Resource names, in the house's one grammar: `accounts/{account}/{collection}/{id}/…`.

Ids are lower-case and DNS-safe. Only an object's key, the tail behind `/objects/`, is free: any UTF-8, never
normalised.
"""

from __future__ import annotations

import re

_ID = r"[a-z0-9](?:[a-z0-9._-]{0,251}[a-z0-9])?"
_NAME = re.compile(rf"accounts/{_ID}(?:/[a-z][A-Za-z]*/{_ID})*(?:/objects/[^\x00]+)?|operations/{_ID}/{_ID}", re.DOTALL)


_PRINCIPAL = re.compile(r"accounts/[a-z0-9][a-z0-9-]{0,62}/principals/[a-z0-9][a-z0-9._-]{0,62}")

OPERATORS_ACCOUNT = "accounts/default"
"""The first account: of those who run the platform."""

MAX_NAME_LENGTH = 2048
"""In characters. No contract allows more, and it bounds what a name can cost to look at."""


def is_name(text: str) -> bool:
    """Whether the text is a resource name: collections and ids in turn."""
    return len(text) <= MAX_NAME_LENGTH and _NAME.fullmatch(text) is not None


def is_principal_name(text: str) -> bool:
    """Whether the text is a principal's name, `accounts/{account}/principals/{id}`."""
    return _PRINCIPAL.fullmatch(text) is not None


def account_of(name: str) -> str:
    """The account's id, empty for a name without one."""
    parts = name.split("/", 2)
    return parts[1] if len(parts) > 1 and parts[0] == "accounts" else ""


def principal_name(account: str, subject: str) -> str:
    return f"accounts/{account}/principals/{subject}"
