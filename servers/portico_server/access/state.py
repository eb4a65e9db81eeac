"""All that belongs to one account, in memory: what changes are judged by. A value; a change makes another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from portico_server.access.kinds import (
    ACCOUNT,
    API_TOKEN,
    GROUP,
    MEMBER,
    POLICY,
    RESOURCE_GROUP,
    SERVICE_ACCOUNT,
    Kind,
    kind_of,
)
from portico_server.platform.access.model import AccountPolicies

REFERENCES: Mapping[Kind, tuple[str, ...]] = {
    POLICY: ("permission_groups", "resource_groups", "principals"),
    RESOURCE_GROUP: ("domain_groups", "excluded_domain_groups"),
    GROUP: ("members",),
}
"""The fields that hold names of other things of the account."""


ACTORS = (MEMBER, SERVICE_ACCOUNT)
"""Who can act in an account."""
_NEVER_REFERRED_TO = (POLICY, API_TOKEN)
_OF_TOKENS = ("permission_groups", "resource_groups")


class Item(NamedTuple):
    """Something that has a name, and its message. `revision` is that of its last change. `sealed`: of an access key its
    secret, as it is kept."""

    name: str
    kind: Kind
    message: Any
    revision: int = 0
    sealed: bytes = b""


class Compiled(NamedTuple):
    """What an account decides by, and who acts in it (`AccountState.principals`)."""

    policies: AccountPolicies
    acting: Mapping[str, str]


class AccountState:
    """`built_in` are messages that stand in every account. `revision` is the newest of what is in it.

    `compiled` is what it decides by, once that was asked for; `basis` what a state of before did, and the names of what
    was put or removed since (`compiling.py`). `administrators`: who may do everything in it, once that was asked for.
    """

    __slots__ = (
        "_belonging",
        "_built_in",
        "_items",
        "_referrers",
        "account",
        "administrators",
        "basis",
        "compiled",
        "revision",
    )

    def __init__(self, account: str, items: Mapping[str, Item], built_in: Mapping[str, Any], revision: int = 0) -> None:
        self.account = account
        self._items = items
        self._built_in = built_in
        self.revision = revision
        self.compiled: Compiled | None = None
        self.administrators: frozenset[str] | None = None
        self.basis: tuple[Compiled, frozenset[str]] | None = None
        self._belonging: frozenset[str] | None = None  # this and the next once they were asked for
        self._referrers: dict[str, list[str]] | None = None

    def get(self, name: str) -> Any:
        """The message of that name; None if there is none."""
        item = self._items.get(name)
        return item.message if item is not None else self._built_in.get(name)

    def item(self, name: str) -> Item | None:
        """What is kept under that name, not what is built in."""
        return self._items.get(name)

    def is_built_in(self, name: str) -> bool:
        return name not in self._items and name in self._built_in

    @property
    def exists(self) -> bool:
        return self.account in self._items

    def all(self, kind: Kind) -> Iterator[Any]:
        """The messages of a kind, those that are built in, too."""
        for item in self._items.values():
            if item.kind is kind:
                yield item.message
        for name, message in self._built_in.items():
            if name not in self._items and kind_of(name) is kind:
                yield message

    def kept(self) -> Iterator[Item]:
        return iter(self._items.values())

    def with_changes(self, put: Sequence[Item], removed: Sequence[str], revision: int = 0) -> AccountState:
        items = dict(self._items)
        gone = [name for name in removed if items.pop(name, None) is not None]
        items.update((item.name, item) for item in put)
        after = AccountState(self.account, items, self._built_in, revision or self.revision)
        known, earlier = (self.compiled, frozenset[str]()) if self.compiled else self.basis or (None, frozenset())
        if known is not None:
            after.basis = known, earlier.union(gone, (item.name for item in put))
        return after

    def referrers(self, name: str) -> list[str]:
        """The names of what refers to this, in order."""
        if kind_of(name) in _NEVER_REFERRED_TO:
            return []
        if self._referrers is None:
            self._referrers = {}
            for item in self._items.values():
                for referred in {each for part, field in _references(item) for each in getattr(part, field)}:
                    self._referrers.setdefault(referred, []).append(item.name)
        return sorted(self._referrers.get(name, ()))

    def naming(self, names: set[str]) -> set[str]:
        """The policies and groups in which one of these names stands for somebody who acts."""
        return {
            item.name
            for item in self._items.values()
            if (item.kind is POLICY and not names.isdisjoint(item.message.principals))
            or (item.kind is GROUP and not names.isdisjoint(item.message.members))
        }

    def principals(self) -> dict[str, str]:
        """Who belongs to the account and may act: the principal of each active member and service account, by the
        name of either, and by itself."""
        found: dict[str, str] = {}
        for item in self._items.values():
            acts = (item.kind is MEMBER and item.message.state == 2) or (
                item.kind is SERVICE_ACCOUNT and not item.message.disabled
            )
            if acts:
                found[item.name] = found[item.message.principal] = item.message.principal
        return found

    def belonging(self) -> frozenset[str]:
        """The principals of all members and service accounts, those too who may do nothing just now."""
        if self._belonging is None:
            found = (item.message.principal for item in self._items.values() if item.kind in ACTORS)
            self._belonging = frozenset(principal for principal in found if principal)
        return self._belonging

    def people(self) -> frozenset[str]:
        """The principals of the members who may act."""
        return frozenset(
            item.message.principal for item in self._items.values() if item.kind is MEMBER and item.message.state == 2
        )

    def left(self) -> list[str]:
        """What stands in the account besides itself."""
        return sorted(item.name for item in self._items.values() if item.kind is not ACCOUNT)


def _references(item: Item) -> Iterator[tuple[Any, str]]:
    """Each message and field in which names of other things stand."""
    for field in REFERENCES.get(item.kind, ()):
        yield item.message, field
    for part in item.message.policies if item.kind is API_TOKEN else ():
        for field in _OF_TOKENS:
            yield part, field
