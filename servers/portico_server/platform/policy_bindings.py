"""Reads the policy file: its bindings and limits, checked; errors name the file, the line and the element."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico_server.platform.limits import Limits
from portico_server.platform.names import is_name, is_principal_name

MAX_FILE_BYTES = 4 * 1024 * 1024

_PERMISSION = re.compile(
    r"\*|[a-z][a-z0-9]*(?:\.[a-z][a-z0-9_]*)?\.\*|[a-z][a-z0-9]*\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"
)
_SPIFFE = re.compile(r"spiffe://[a-z0-9._-]+(?:/[A-Za-z0-9._-]+)+")
_HEADING = re.compile(r"\s*\[\[\s*(bindings|limits)\s*\]\]")
_KEYS = ("principals", "permissions", "resources")
_ACCESS = ("allow", "deny")
MAX_CALLS_PER_SECOND = 1_000_000
MAX_CALLS = 10_000_000
"""At once, or in flight."""
_LIMITS = {"calls_per_second": MAX_CALLS_PER_SECOND, "call_burst": MAX_CALLS, "concurrent_calls": MAX_CALLS}


class PolicyError(Exception):
    """A policy file that cannot be used."""


@dataclass(frozen=True, slots=True)
class Binding:
    """These principals hold (or with `deny` never hold) these permissions on and below these resources."""

    principals: tuple[str, ...]
    permissions: tuple[str, ...]
    resources: tuple[str, ...]
    deny: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """All that a policy file says. `limits`: of principals that have others than the settings give, by name."""

    bindings: list[Binding]
    limits: dict[str, Limits]


def read_bindings(path: Path) -> list[Binding]:
    """The bindings of a file. Raises PolicyError."""
    return read_rules(path).bindings


def read_rules(path: Path) -> Rules:
    """What a file says. Raises PolicyError."""
    try:
        with path.open("rb") as file:
            return rules_of(path, file.read(MAX_FILE_BYTES + 1))
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> PolicyError:
    return PolicyError(f"{path}: cannot be read ({error.strerror}); nobody may do anything without it")


def rules_of(path: Path, content: bytes) -> Rules:
    """What the content of the file of this path says. Raises PolicyError."""
    if len(content) > MAX_FILE_BYTES:
        raise PolicyError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    try:
        text = content.decode()
        document = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyError(f"{path}: not TOML: {error}") from error
    if unknown := document.keys() - {"bindings", "limits"}:
        raise PolicyError(f"{path}: {', '.join(sorted(unknown))}: only [[bindings]] and [[limits]] may stand here")
    bindings = [_binding(where, item) for where, item in _tables(path, text, document, "bindings")]
    limits: dict[str, Limits] = {}
    for where, item in _tables(path, text, document, "limits"):
        for principal, given in _limits(where, item):
            if principal in limits:
                raise PolicyError(f"{where}.principals: {principal} has limits already; give it one [[limits]]")
            limits[principal] = given
    return Rules(bindings, limits)


def _tables(path: Path, text: str, document: dict[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    """The elements of an array of tables, each with where it stands."""
    found = document.get(key, [])
    if not isinstance(found, list):
        raise PolicyError(f"{path}: {key}: must be an array of tables, each headed [[{key}]]")
    headings = ((number, _HEADING.match(line)) for number, line in enumerate(text.splitlines(), 1))
    lines = [number for number, heading in headings if heading and heading[1] == key]
    for index, item in enumerate(found):
        yield f"{path}:{lines[index] if index < len(lines) else 1}: {key}[{index}]", item


def _limits(where: str, item: Any) -> list[tuple[str, Limits]]:
    """Each principal that the table names, and what it may."""
    if not isinstance(item, dict):
        raise PolicyError(f"{where}: must be a table")
    if unknown := item.keys() - {"principals", *_LIMITS}:
        raise PolicyError(f"{where}.{min(unknown)}: unknown; give principals and {', '.join(_LIMITS)}")
    principals = _texts(where, item, "principals")
    _check(where, "principals", principals, is_principal_name, "accounts/ACCOUNT/principals/ID")
    for key, most in _LIMITS.items():
        value, kinds = item.get(key, 0), (int, float) if key == "calls_per_second" else (int,)
        if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value <= most:
            raise PolicyError(f"{where}.{key}: is {value!r}; give a number from 0 (no limit) to {most:_}")
    given = Limits(float(item.get("calls_per_second", 0)), item.get("call_burst", 0), item.get("concurrent_calls", 0))
    return [(principal, given) for principal in principals]


def _binding(where: str, item: Any) -> Binding:
    if not isinstance(item, dict):
        raise PolicyError(f"{where}: must be a table")
    if unknown := item.keys() - {*_KEYS, "access"}:
        raise PolicyError(f"{where}.{min(unknown)}: unknown; give {', '.join(_KEYS)} and, if you like, access")
    access = item.get("access", "allow")
    if access not in _ACCESS:
        raise PolicyError(f"{where}.access: is {access!r}; give allow or deny")
    principals, permissions, resources = (_texts(where, item, key) for key in _KEYS)
    _check(where, "principals", principals, _is_principal, "accounts/ACCOUNT/principals/ID or a SPIFFE id")
    _check(where, "permissions", permissions, _is_permission, "*, PRODUCT.*, PRODUCT.NOUN.* or PRODUCT.NOUN.VERB")
    _check(where, "resources", resources, _is_resource, "a resource's name, or a prefix of a key that ends in /")
    return Binding(principals, permissions, resources, access == "deny")


def _texts(where: str, item: dict[str, Any], key: str) -> tuple[str, ...]:
    values = item.get(key)
    if not isinstance(values, list) or not values:
        raise PolicyError(f"{where}.{key}: must be a list with at least one element")
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise PolicyError(f"{where}.{key}[{index}]: is {value!r}; give a text")
    return tuple(values)


def _check(where: str, key: str, values: tuple[str, ...], good: Any, wanted: str) -> None:
    for index, value in enumerate(values):
        if not good(value):
            raise PolicyError(f"{where}.{key}[{index}]: is {value!r}; give {wanted}")


def _is_principal(text: str) -> bool:
    return is_principal_name(text) or _SPIFFE.fullmatch(text) is not None


def _is_permission(text: str) -> bool:
    return _PERMISSION.fullmatch(text) is not None


def _is_resource(text: str) -> bool:
    if text.endswith("/"):
        return "/objects/" in text and (text.endswith("/objects/") or is_name(text)) and is_name(text + "x")
    return is_name(text)
