"""Decides by the policies of accounts, beside the policy file: allowed is what either allows, a deny of either wins.

The file is what an operator gets in by. Where policies are kept, but none were handed on yet, nothing is allowed: they
may deny anything. (Where no product keeps any, as in tests of the gateway alone, the file decides.) Where nobody has
compared them with their store for a while they allow nothing (a call that needs them is told to come again), and what
they deny stays denied. What an API token may do is theirs alone to say. Of an account whose policies cannot be read
nobody knows what they deny: nothing is allowed in it, by the file neither.
"""

from __future__ import annotations

import time

import grpc

from portico_server.gateway.policy_file import PolicyFile
from portico_server.platform import call
from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.credentials import API_TOKEN_ID_PREFIX
from portico_server.platform.access.filters import filter_where
from portico_server.platform.access.permissions import patterns_of
from portico_server.platform.access.sharing import SharedPolicies
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.authorization import Filter, Principal
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
        if principal.scope and principal.scope.isdisjoint(patterns_of(permission)):
            return False
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
        return self._file.allows(principal, permission, resource) and not snapshot.denies(
            principal.name, permission, resource, circumstances
        )

    def allows_own(self, principal: Principal, permission: str, resource: str) -> bool:
        if self.allows(principal, permission, resource):
            return True
        snapshot = self._shared.current()
        if snapshot is None or principal.scope or principal.foreign or _is_api_token(principal):
            return False
        if any(token != principal.credential for token in principal.exchanged_from):
            return False  # for which it may have been another issuer's
        if not snapshot.is_of_account(principal.name, resource) or self._file.denies(principal, permission, resource):
            return False
        if snapshot.denies(principal.name, permission, resource, circumstances_of(principal)):
            return False
        return self._is_usable()

    def is_operator(self, principal: Principal, resource: str) -> bool:
        return not _is_api_token(principal) and self._file.is_operator(principal, resource)

    def filter(self, principal: Principal, permission: str, parent: str) -> Filter:
        if principal.scope and principal.scope.isdisjoint(patterns_of(permission)):
            return _NOTHING
        snapshot = self._shared.current()
        if snapshot is None:
            self._check_none_are_kept()
            return _NOTHING if _is_api_token(principal) else self._file.filter(principal, permission, parent)
        if self._shared.unreadable:
            self._check_readable(parent)
        circumstances = circumstances_of(principal)
        found = self._filter(snapshot, principal, permission, parent, circumstances)
        if not self._shared.is_fresh() and found != self._filter(
            snapshot, principal, permission, parent, circumstances, policies_allow=False
        ):
            raise policies_stale()  # and not a list that lacks what they would show, which nobody would notice
        return found

    def _filter(
        self,
        snapshot: Snapshot,
        principal: Principal,
        permission: str,
        parent: str,
        circumstances: Circumstances,
        *,
        policies_allow: bool = True,
    ) -> Filter:
        """What `allows` lets through, to the last name. With `policies_allow` off what policies allow counts for
        nothing, and what they deny in full."""
        in_file = list(self._file.entries(principal.name, permission))
        if not in_file and policies_allow:  # as of nearly every principal
            return snapshot.filter(principal.name, permission, parent, circumstances)
        by_file = not _is_api_token(principal)

        def shows(name: str) -> bool:
            if policies_allow and snapshot.allows(principal.name, permission, name, circumstances):
                return not self._file.denies(principal, permission, name)
            return (
                by_file
                and self._file.allows(principal, permission, name)
                and not snapshot.denies(principal.name, permission, name, circumstances)
            )

        entries = (*in_file, *snapshot.entries(principal.name, permission, parent, circumstances))
        return filter_where(entries, parent, shows)

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
            raise policies_unreadable(f"whether this is allowed cannot be told: the policies of {account}")

    def _is_usable(self) -> bool:
        """Raises ApiError where nobody can tell whether what policies allow is still so."""
        if self._shared.is_fresh():
            return True
        raise policies_stale()


def policies_unreadable(which: str) -> ApiError:
    """UNAVAILABLE: nobody can tell what some policies say. `which` ends with whose they are."""
    return ApiError(
        grpc.StatusCode.UNAVAILABLE,
        "POLICIES_UNREADABLE",
        f"{which} cannot be read; the operator finds more by `portico doctor`",
        retry_after_seconds=_RETRY_SECONDS,
    )


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
