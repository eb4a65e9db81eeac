"""Reads the policy file: its bindings, checked; errors name the file, the line and the element."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico_server.platform.names import is_name, is_principal_name

MAX_FILE_BYTES = 4 * 1024 * 1024

_PERMISSION = re.compile(
    r"\*|[a-z][a-z0-9]*(?:\.[a-z][a-z0-9_]*)?\.\*|[a-z][a-z0-9]*\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"
)
_SPIFFE = re.compile(r"spiffe://[a-z0-9._-]+(?:/[A-Za-z0-9._-]+)+")
_HEADING = re.compile(r"\s*\[\[\s*bindings\s*\]\]")
_KEYS = ("principals", "permissions", "resources")
_ACCESS = ("allow", "deny")


class PolicyError(Exception):
    """A policy file that cannot be used."""


@dataclass(frozen=True, slots=True)
class Binding:
    """These principals hold (or with `deny` never hold) these permissions on and below these resources."""

    principals: tuple[str, ...]
    permissions: tuple[str, ...]
    resources: tuple[str, ...]
    deny: bool = False


def read_bindings(path: Path) -> list[Binding]:
    """The bindings of a file. Raises PolicyError."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PolicyError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read ({error.strerror}); nobody may do anything without it") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError(f"{path}: not TOML: {error}") from error
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _HEADING.match(line)]
    if unknown := document.keys() - {"bindings"}:
        raise PolicyError(f"{path}: {', '.join(sorted(unknown))}: only [[bindings]] may stand here")
    bindings = document.get("bindings", [])
    if not isinstance(bindings, list):
        raise PolicyError(f"{path}: bindings: must be an array of tables, each headed [[bindings]]")
    found = []
    for index, item in enumerate(bindings):
        where = f"{path}:{lines[index] if index < len(lines) else 1}: bindings[{index}]"
        found.append(_binding(where, item))
    return found


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
