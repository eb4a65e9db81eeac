"""What would change, and for whom, if an account's policies were others: looked at, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from portico.access.v1 import decisions_pb2
from portico_server.access import checks, compiling
from portico_server.access.apart import Apart, Ended
from portico_server.access.book import Book
from portico_server.access.errors import InvalidField, OutsideAccount, not_found
from portico_server.access.kinds import POLICY
from portico_server.access.permissions import Permissions
from portico_server.access.powers import meant_by
from portico_server.access.state import AccountState, Item
from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.model import AccountPolicies
from portico_server.platform.access.simulate import Comparison, Difference
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.clock import Clock

MOST_CHANGES = 1_000
"""Pairs of who and where, in one answer."""
MOST_UNCHANGED = 100
_MOST_DIFFERENCES = 50_000


class Simulations:
    """Compares with the policies as they are."""

    def __init__(self, book: Book, permissions: Permissions, clock: Clock) -> None:
        self._book = book
        self._apart = Apart()
        self._permissions = permissions
        self._clock = clock

    async def of_policy(
        self, account: str, given: Any, removed: str, resources: Sequence[str]
    ) -> tuple[list[decisions_pb2.SimulatedChange], bool, int]:
        """If the policy `given` stood there, or the one named `removed` did not. Answers the changes, whether these are
        all, and the revision. Raises DomainError."""
        state = await self._book.state(account)
        if bool(removed) == (given is not None):
            raise InvalidField("give either policy or removed_policy", field="policy")
        name = removed or given.name
        if not name.startswith(f"{account}/policies/"):
            raise OutsideAccount(f"policy.name: {name} is no policy of {account}", field="policy.name")
        if removed and state.get(name) is None:
            raise not_found(POLICY, name)
        changed = state.with_changes([] if removed else [Item(name, POLICY, given)], [removed])
        if not removed:
            checks.check(POLICY, given, changed, self._permissions)
        before, after = compiling.account_policies(state), compiling.account_policies(changed)
        changes, complete = await self._compare(before, after, _meant(name, before, after), resources)
        return changes, complete, state.revision

    async def of_state(
        self, state: AccountState, changed: AccountState
    ) -> tuple[list[decisions_pb2.SimulatedChange], bool]:
        """If the account were so, for all who belong to it: the changes, and whether these are all."""
        before, after = compiling.account_policies(state), compiling.account_policies(changed)
        return await self._compare(before, after, before.principals | after.principals, ())

    async def _compare(
        self, before: AccountPolicies, after: AccountPolicies, principals: Iterable[str], resources: Sequence[str]
    ) -> tuple[list[decisions_pb2.SimulatedChange], bool]:
        now = self._clock.now_us() // 1_000_000
        how = Circumstances(now, certificate=True, issued_at=now)

        def compare(ended: Ended) -> tuple[list[decisions_pb2.SimulatedChange], bool]:
            # Snapshots of this thread's own: what is compiled belongs to one thread.
            old, new = (Snapshot.compile((policies,), self._permissions) for policies in (before, after))
            comparison = Comparison(
                old, new, before.account, how, principals, resources, _MOST_DIFFERENCES, ended=ended
            )
            changes: list[decisions_pb2.SimulatedChange] = []
            for part in comparison:
                changes += _grouped(part)
                if len(changes) > MOST_CHANGES:
                    return changes[:MOST_CHANGES], False
            return changes, comparison.complete

        return await self._apart.run(compare)


def _meant(name: str, before: AccountPolicies, after: AccountPolicies) -> set[str]:
    """The principals whom the policy means, before or after."""
    found: set[str] = set()
    for policies in (before, after):
        policy = policies.policies.get(name)
        if policy is not None:
            found.update(meant_by(policy.principals, policies))
    return found & (before.principals | after.principals)


def _grouped(differences: Sequence[Difference]) -> Iterator[decisions_pb2.SimulatedChange]:
    """Those of one principal or token, by resource and by what below it is as before."""
    by_place: dict[tuple[str, tuple[str, ...]], list[Difference]] = {}
    for difference in differences:
        by_place.setdefault((difference.resource, difference.unchanged), []).append(difference)
    for (resource, unchanged), found in sorted(by_place.items()):
        yield decisions_pb2.SimulatedChange(
            principal=found[0].principal,
            api_token=found[0].token,
            resource=resource,
            unchanged=unchanged[:MOST_UNCHANGED],
            gained=[each.permission for each in found if each.gained],
            lost=[each.permission for each in found if not each.gained],
        )
