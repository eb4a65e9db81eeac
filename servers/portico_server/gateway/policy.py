"""A policy, compiled so that a decision is a few look-ups however many bindings there are.

For each principal and permission: one dict of the entries that bear on it. A decision walks the resource from its
end to the root and looks each step up. A deny anywhere on the way wins over every allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portico_server.gateway.certificates import principal_of
from portico_server.platform.authorization import Filter, Principal, below
from portico_server.platform.policy_bindings import Binding

_ALLOW = 1
_DENY = 2

MAX_COMPILED = 65_536
"""Pairs of principal and permission that are kept compiled."""

# An entry `X` covers X itself and what begins with `X/`, so it stands twice in the dict: as `X` and as `X/`. An
# entry that ends in `/` covers what begins with it, and stands once.


class Policy:
    """`certificates`: those whom a certificate alone names, by its URI."""

    def __init__(self, by_principal: dict[str, list[Binding]], certificates: dict[str, Principal]) -> None:
        self.certificates = certificates
        self._by_principal = by_principal
        self._compiled: dict[tuple[str, str], dict[str, int]] = {}

    def knows(self, principal: str) -> bool:
        return principal in self._by_principal

    def allows(self, principal: str, permission: str, resource: str) -> bool:
        return self._found(principal, permission, resource) == _ALLOW

    def denies(self, principal: str, permission: str, resource: str) -> bool:
        """Whether a binding denies it, which is more than that none allows it."""
        return bool(self._found(principal, permission, resource) & _DENY)

    def _found(self, principal: str, permission: str, resource: str) -> int:
        entries = self._compiled.get((principal, permission))
        if entries is None:
            if principal not in self._by_principal:  # as most are; not kept: names of strangers would fill the memory
                return 0
            entries = self._compile(principal, permission)
        if not entries:
            return 0
        get = entries.get
        found = get(resource, 0)
        slash = resource.rfind("/")
        while slash >= 0:
            found |= get(resource[: slash + 1], 0)
            slash = resource.rfind("/", 0, slash)
        return found

    def filter(self, principal: str, permission: str, parent: str) -> Filter:
        allow: set[str] = set()
        deny: set[str] = set()
        everything = False
        for binding in self._bindings_of(principal, permission):
            for entry in binding.resources:
                if below(parent, entry):
                    if binding.deny:
                        return Filter(everything=False)
                    everything = True
                elif below(entry, parent):
                    (deny if binding.deny else allow).add(entry)
        return Filter(everything, () if everything else tuple(sorted(allow)), tuple(sorted(deny)))

    def entries(self, principal: str, permission: str) -> Iterator[str]:
        """Every name at which it can change whether the principal is allowed or denied that."""
        for binding in self._bindings_of(principal, permission):
            yield from binding.resources

    def _compile(self, principal: str, permission: str) -> dict[str, int]:
        entries: dict[str, int] = {}
        for binding in self._bindings_of(principal, permission):
            effect = _DENY if binding.deny else _ALLOW
            for entry in binding.resources:
                for key in (entry,) if entry.endswith("/") else (entry, entry + "/"):
                    entries[key] = entries.get(key, 0) | effect
        if len(self._compiled) >= MAX_COMPILED:
            self._compiled.clear()
        self._compiled[principal, permission] = entries
        return entries

    def _bindings_of(self, principal: str, permission: str) -> list[Binding]:
        product, _, rest = permission.partition(".")
        wanted = {permission, "*", f"{product}.*", f"{product}.{rest.partition('.')[0]}.*"}
        return [item for item in self._by_principal.get(principal, ()) if not wanted.isdisjoint(item.permissions)]


def compile_policy(bindings: Iterable[Binding], trust_domain: str) -> Policy:
    """A SPIFFE id stands for the principal of the same account and id, and lets its certificate alone name it. One of
    another trust domain names nobody."""
    by_principal: dict[str, list[Binding]] = {}
    certificates: dict[str, Principal] = {}
    for binding in bindings:
        for text in binding.principals:
            name = text
            if text.startswith("spiffe://"):
                principal = principal_of(trust_domain, text)
                if principal is None:
                    continue
                certificates[text] = principal
                name = principal.name
            by_principal.setdefault(name, []).append(binding)
    return Policy(by_principal, certificates)
