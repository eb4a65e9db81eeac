"""The policies of an account as a document, by which one process of a platform hands them to the others."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from portico_server.platform.access.model import (
    AccountPolicies,
    ApiToken,
    Conditions,
    DomainGroup,
    Group,
    PermissionGroup,
    Policy,
    ResourceGroup,
)

_SETS = ("principals", "client_secrets")
"""The fields that are sets of texts, the last ones, in their order."""


def to_document(policies: AccountPolicies, revision: int) -> bytes:
    """`revision`: of the store, by which they are so."""
    values = {
        field.name: [dataclasses.asdict(each) for each in getattr(policies, field.name).values()]
        for field in dataclasses.fields(policies)
        if field.name not in ("account", *_SETS)
    }
    sets = {name: sorted(getattr(policies, name)) for name in _SETS}
    document = {**values, **sets, "account": policies.account, "revision": revision}
    return json.dumps(document, separators=(",", ":")).encode()


def of_document(content: bytes) -> tuple[AccountPolicies, int]:
    """The policies and the revision. Raises ValueError for what is no such document."""
    try:
        document = json.loads(content)
        tokens = (
            ApiToken(**{**_tuples(each), "policies": tuple(map(_policy, each["policies"]))})
            for each in document["tokens"]
        )
        return AccountPolicies(
            document["account"],
            _by_name(PermissionGroup(**_tuples(each)) for each in document["permission_groups"]),
            _by_name(ResourceGroup(**_tuples(each)) for each in document["resource_groups"]),
            _by_name(DomainGroup(**_tuples(each)) for each in document["domain_groups"]),
            _by_name(Group(**_tuples(each)) for each in document["groups"]),
            _by_name(map(_policy, document["policies"])),
            _by_name(tokens),
            *(frozenset(document[name]) for name in _SETS),
        ), int(document["revision"])
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no document of policies: {error!r}") from None


def _policy(given: dict[str, Any]) -> Policy:
    return Policy(**{**_tuples(given), "conditions": Conditions(**_tuples(given["conditions"]))})


def _tuples(given: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}


def _by_name(values: Any) -> dict[str, Any]:
    return {value.name: value for value in values}
