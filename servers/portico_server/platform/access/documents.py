"""The policies of an account as a document, by which one process of a platform hands them to the others."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from portico_server.platform.access.model import (
    AccessKey,
    AccountPolicies,
    ApiToken,
    Conditions,
    DomainGroup,
    Group,
    PermissionGroup,
    Policy,
    ResourceGroup,
)

SETS = ("principals", "client_secrets")
"""The fields that are sets of texts."""


LATER = ("access_keys",)
"""Fields that documents of the first release do not have, and its readers do not know: see `journal.line`."""


def to_document(policies: AccountPolicies, revision: int) -> bytes:
    """`revision`: of the store, by which they are so."""
    values = {
        field.name: [*getattr(policies, field.name).values()]
        for field in dataclasses.fields(policies)
        if field.name not in ("account", *SETS)
    }
    sets = {name: sorted(getattr(policies, name)) for name in SETS}
    document = {**values, **sets, "account": policies.account, "revision": revision}
    return json.dumps(document, separators=(",", ":"), default=as_json).encode()


def as_json(element: Any) -> dict[str, Any]:
    """The fields of an element, or of a part of one: what JSON makes no text of by itself."""
    kind: Any = type(element)
    return {name: getattr(element, name) for name in _names_of(kind)}


@functools.cache
def _names_of(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def of_document(content: bytes) -> tuple[AccountPolicies, int]:
    """The policies and the revision. Raises ValueError for what is no such document."""
    try:
        document = json.loads(content)
        document = {**dict.fromkeys(LATER, ()), **document}
        fields: dict[str, Any] = {field: _by_name(map(made, document[field])) for field, made in ELEMENTS.items()}
        fields |= {field: frozenset(document[field]) for field in SETS}
        return AccountPolicies(document["account"], **fields), int(document["revision"])
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no document of policies: {error!r}") from None


def _policy(given: dict[str, Any]) -> Policy:
    return Policy(**{**_tuples(given), "conditions": Conditions(**_tuples(given["conditions"]))})


def _token(given: dict[str, Any]) -> ApiToken:
    return ApiToken(**{**_tuples(given), "policies": tuple(map(_policy, given["policies"]))})


ELEMENTS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "permission_groups": lambda given: PermissionGroup(**_tuples(given)),
    "resource_groups": lambda given: ResourceGroup(**_tuples(given)),
    "domain_groups": lambda given: DomainGroup(**_tuples(given)),
    "groups": lambda given: Group(**_tuples(given)),
    "policies": _policy,
    "tokens": _token,
    "access_keys": lambda given: AccessKey(**given),
}
"""What makes an element of its fields as JSON has them, by the field of AccountPolicies."""


def _tuples(given: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}


def _by_name(values: Any) -> dict[str, Any]:
    return {value.name: value for value in values}
