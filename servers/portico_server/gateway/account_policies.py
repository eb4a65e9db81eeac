"""Decides by the policies of accounts, beside the policy file: allowed is what either allows, a deny of either wins.

The file is what an operator gets in by. Where policies are kept, but none were handed on yet, nothing is allowed: they
may deny anything. (Where no product keeps any, as in tests of the gateway alone, the file decides.) Where nobody has
compared them with their store for a while they allow nothing (a call that needs them is told to come again), and what
they deny stays denied. What an API token may do is theirs alone to say. Of an account whose policies cannot be read
nobody knows what they deny: nothing is allowed in it, by the file neither.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import grpc

from portico_server.gateway.policy_file import PolicyFile
from portico_server.platform import call
from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.conditions import compiled
from portico_server.platform.access.credentials import API_TOKEN_ID_PREFIX
from portico_server.platform.access.explain import Reason
from portico_server.platform.access.permissions import patterns_of
from portico_server.platform.access.regions import named_by
from portico_server.platform.access.sharing import SharedPolicies
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.authorization import Filter, Principal, below
from portico_server.platform.errors import ApiError

_NOTHING = Filter(everything=False)
_RETRY_SECONDS = 1.0


class AccountPoliciesBesideFile:
    """An Authorizer of both. `kept`: whether a product keeps policies of accounts; then nothing is decided without."""

    def __init__(self, file: PolicyFile, shared: SharedPolicies, *, kept: bool = False) -> None:
        self._file = file
        self._shared = shared
        self._kept = kept

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        snapshot = self._shared.current()
        if snapshot is None:
            self._check_none_are_kept()
            return not _is_api_token(principal) and self._file.allows(principal, permission, resource)
        if self._shared.unreadable:
            self._check_readable(resource)
        circumstances = circumstances_of(principal)
        by_policies = snapshot.allows(principal.name, permission, resource, circumstances)
        if by_policies and self._file.denies(principal, permission, resource):
            return False
        if _is_api_token(principal):
            return by_policies and self._is_usable()
        if by_policies:
            return self._shared.is_fresh() or self._file.allows(principal, permission, resource) or self._is_usable()
        return self._file.allows(principal, permission, resource) and not _denies(
            snapshot, principal, permission, resource, circumstances
        )

    def filter(self, principal: Principal, permission: str, parent: str) -> Filter:
        snapshot = self._shared.current()
        if snapshot is None:
            self._check_none_are_kept()
            return _NOTHING if _is_api_token(principal) else self._file.filter(principal, permission, parent)
        if self._shared.unreadable:
            self._check_readable(parent)
        circumstances = circumstances_of(principal)
        by_policies = snapshot.filter(principal.name, permission, parent, circumstances)
        if self._file.denies(principal, permission, parent):
            return _NOTHING
        by_file = self._file.filter(principal, permission, parent)
        if _is_api_token(principal):
            shown = replace(by_policies, deny=(*by_policies.deny, *by_file.deny))
            return shown if self._is_usable() else _NOTHING
        if _denies(snapshot, principal, permission, parent, circumstances):
            return _NOTHING
        denied = (*by_file.deny, *by_policies.deny)
        if by_file.everything or by_file.allow:
            denied = (*denied, *_denied_below(snapshot, principal, permission, parent, circumstances))
        if not self._shared.is_fresh():  # what these allow counts for nothing, what they deny in full
            return Filter(by_file.everything, by_file.allow, denied)
        everything = by_file.everything or by_policies.everything
        return Filter(
            everything,
            () if everything else (*by_file.allow, *by_policies.allow),
            tuple(dict.fromkeys(denied)),
            () if everything else by_policies.parts,
        )

    def knows(self, principal: str) -> bool:
        """Whether any binding names the principal, or it belongs to an account."""
        return self._file.knows(principal) or self._shared.knows(principal)

    def problem(self) -> str:
        """Of which accounts the policies cannot be read, and why; empty: of none."""
        self._shared.current()
        unreadable = self._shared.unreadable
        return "; ".join(
            f"{account}: its policies cannot be read, so everything in it is refused ({why})"
            for account, why in unreadable.items()
        )

    def _check_none_are_kept(self) -> None:
        """Raises ApiError where there are policies that this machine was never told."""
        if self._kept:
            raise ApiError(
                grpc.StatusCode.UNAVAILABLE,
                "POLICIES_NOT_READ",
                "whether this is allowed cannot be told yet: nobody has read the policies since this machine started",
                retry_after_seconds=_RETRY_SECONDS,
            )

    def _check_readable(self, resource: str) -> None:
        """Raises ApiError where nobody can tell what policies deny."""
        account = "/".join(resource.split("/", 2)[:2])
        if account in self._shared.unreadable:
            raise ApiError(
                grpc.StatusCode.UNAVAILABLE,
                "POLICIES_UNREADABLE",
                f"whether this is allowed cannot be told: the policies of {account} cannot be read; the operator finds "
                "more by `portico doctor`",
                retry_after_seconds=_RETRY_SECONDS,
            )

    def _is_usable(self) -> bool:
        """Raises ApiError where nobody can tell whether what policies allow is still so."""
        if self._shared.is_fresh():
            return True
        raise policies_stale()


def policies_stale() -> ApiError:
    """UNAVAILABLE: nobody can tell what policies say now."""
    return ApiError(
        grpc.StatusCode.UNAVAILABLE,
        "POLICIES_STALE",
        "whether this is still allowed cannot be told: the store of policies has not been reached for a while",
        retry_after_seconds=_RETRY_SECONDS,
    )


def _is_api_token(principal: Principal) -> bool:
    """Whether the principal comes by an API token, or by what was issued for one."""
    return principal.credential.startswith(API_TOKEN_ID_PREFIX)


def circumstances_of(principal: Principal) -> Circumstances:
    """Those of the call that is being served; of a call between products those of the one that the caller made."""
    made = call.current.get(None)
    peer = None if made is None else made.origin if made.acting else made.peer
    return Circumstances(
        time.time(),
        peer.address if peer is not None else "",
        bool(peer.uri) if peer is not None else False,
        principal.credential or principal.token_id,
        principal.issued_at,
    )


def _denies(
    snapshot: Snapshot, principal: Principal, permission: str, resource: str, circumstances: Circumstances
) -> bool:
    """Whether a policy denies it, which is more than that none allows it. Looks through the caller's policies: only for
    what the file allows and they do not."""
    found = snapshot.explain(principal.name, permission, resource, circumstances)
    return found.reason is Reason.DENIED


def _denied_below(
    snapshot: Snapshot, principal: Principal, permission: str, parent: str, circumstances: Circumstances
) -> Iterator[str]:
    """What of the things below `parent` policies deny, each with all below it. Where a policy leaves something out of
    what it denies that counts as denied: a list may show less, never more."""
    account = snapshot.account_of(parent)
    if account is None or principal.name not in account.model.principals:
        return
    model, patterns = account.model, patterns_of(permission)
    for policy in account.policies_of(principal.name):
        groups = (model.permission_groups.get(name) for name in policy.permission_groups)
        if not policy.deny or not any(group and not patterns.isdisjoint(group.permissions) for group in groups):
            continue
        condition = compiled(policy.conditions)
        if condition is not None and condition.holds(circumstances) is False:
            continue
        for name in policy.resource_groups:
            if (group := model.resource_groups.get(name)) is not None:
                named, _ = named_by(account.name, group, model.domain_groups)
                yield from (entry for entry in named if below(entry, parent))
