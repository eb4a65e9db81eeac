"""What can go wrong with accounts and policies, and the code and reason that callers see."""

from __future__ import annotations

from grpc import StatusCode

from portico_server.access.kinds import KINDS, Kind
from portico_server.platform.errors import DomainError, ErrorTable


class InvalidField(DomainError):
    """A field of the request cannot be what it is; `field` says which element."""


class UnknownPermission(DomainError):
    """No contract has such a permission."""


class UnknownResourceType(DomainError):
    """No contract has names of such a form."""


class OutsideAccount(DomainError):
    """A resource, or something that is referred to, is of another account."""


class OutsideScope(DomainError):
    """A resource is not at or below the scope."""


class ScopeTypeMismatch(DomainError):
    """A permission group that applies to everything only, with a resource group that is less."""


class GroupCycle(DomainError):
    """A group would hold itself."""


class RefersToNothing(DomainError):
    """What is referred to is not there."""


class BuiltIn(DomainError):
    """What comes with the platform cannot be changed."""


class Changed(DomainError):
    """Its state is not that which the caller saw."""


class RevisionMismatch(DomainError):
    """The policies are not those that the caller saw."""


class AccountNotEmpty(DomainError):
    """Something is left in the account."""


class LastSuperAdministrator(DomainError):
    """The account would be left without anybody who can administer it."""


class NotSuperAdministrator(DomainError):
    """Only a Super Administrator may."""


class AsksAboutOthers(DomainError):
    """The caller may ask about himself alone."""


class GrantsMoreThanHeld(DomainError):
    """Somebody would be given more than the caller holds."""


class InvitationNotFound(DomainError):
    """The code is wrong, used, expired, or for somebody else."""


class CallerNotMember(DomainError):
    """The caller belongs to another account."""


class PolicyTooLarge(DomainError):
    """A policy would name more than one may."""


class TooMany(DomainError):
    """As many as there may be."""


class InvalidDocument(DomainError):
    """A policy set that cannot be imported."""


class PolicySetTooLarge(DomainError):
    """A policy set that is more than one document may hold."""


class NotAuthenticated(DomainError):
    """Nobody known calls."""


class Contended(DomainError):
    """Others changed the account each time between the look at it and the write."""


class _OfKind(DomainError):
    """One class a kind, so that each has a reason of its own."""


def _of_kinds(suffix: str) -> dict[str, type[_OfKind]]:
    return {kind.field: type(f"{kind.field}_{suffix}", (_OfKind,), {}) for kind in KINDS.values()}


_NOT_FOUND, _EXISTS, _IN_USE, _TOO_MANY = map(_of_kinds, ("not_found", "already_exists", "in_use", "too_many"))


_ARTICLES, _VOWELS = ("a", "an"), "aeiouAEIOU"


def not_found(kind: Kind, name: str) -> DomainError:
    return _NOT_FOUND[kind.field](f"there is no {kind.noun} {name}", resource=name)


def already_exists(kind: Kind, name: str, other: str = "") -> DomainError:
    what = (
        f"{other} is {name} already"
        if other
        else f"there is {_ARTICLES[kind.noun[0] in _VOWELS]} {kind.noun} {name} already"
    )
    return _EXISTS[kind.field](what, resource=name)


def too_many_accounts(of: str, most: int, remedy: str) -> DomainError:
    """Of a principal, or of those that were created for an account."""
    return _TOO_MANY["account"](
        f"{of} has {most:,} accounts, which is all that it may have to create another one: {remedy}", resource=of
    )


def account_name_taken(name: str) -> DomainError:
    """Whoever had the account could have tokens issued for its principals, and act in other accounts as these."""
    return _EXISTS["account"](
        f"{name} cannot be created: principals of that name belong to other accounts already; choose another id, or "
        "have them removed there first",
        resource=name,
    )


def account_deleted(name: str) -> DomainError:
    """Whoever had the account could get at what is left of the other one."""
    return _EXISTS["account"](
        f"{name} was deleted, and no other account gets its name: choose another id", resource=name
    )


def in_use(kind: Kind, name: str, referrers: list[str]) -> DomainError:
    """The `referrers` are named, the first of many."""
    shown = ", ".join(referrers[:20]) + (f" and {len(referrers) - 20} more" if len(referrers) > 20 else "")
    return _IN_USE[kind.field](
        f"{name} is referred to by {shown}: change these first", resource=name, referrers=",".join(referrers[:20])
    )


def too_many(kind: Kind, most: int) -> DomainError:
    return _TOO_MANY[kind.field](f"there are {most} already, which is all that there may be: delete one first")


ERRORS: ErrorTable = {
    InvalidField: (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
    UnknownPermission: (StatusCode.INVALID_ARGUMENT, "UNKNOWN_PERMISSION"),
    UnknownResourceType: (StatusCode.INVALID_ARGUMENT, "UNKNOWN_RESOURCE_TYPE"),
    OutsideAccount: (StatusCode.INVALID_ARGUMENT, "OUTSIDE_ACCOUNT"),
    OutsideScope: (StatusCode.INVALID_ARGUMENT, "OUTSIDE_SCOPE"),
    ScopeTypeMismatch: (StatusCode.INVALID_ARGUMENT, "SCOPE_TYPE"),
    GroupCycle: (StatusCode.INVALID_ARGUMENT, "GROUP_CYCLE"),
    RefersToNothing: (StatusCode.FAILED_PRECONDITION, "REFERS_TO_NOTHING"),
    BuiltIn: (StatusCode.FAILED_PRECONDITION, "BUILT_IN"),
    Changed: (StatusCode.ABORTED, "ETAG_MISMATCH"),
    RevisionMismatch: (StatusCode.ABORTED, "REVISION_MISMATCH"),
    AccountNotEmpty: (StatusCode.FAILED_PRECONDITION, "ACCOUNT_NOT_EMPTY"),
    LastSuperAdministrator: (StatusCode.FAILED_PRECONDITION, "LAST_SUPER_ADMINISTRATOR"),
    NotSuperAdministrator: (StatusCode.PERMISSION_DENIED, "NOT_SUPER_ADMINISTRATOR"),
    AsksAboutOthers: (StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED"),
    GrantsMoreThanHeld: (StatusCode.PERMISSION_DENIED, "GRANTS_MORE_THAN_HELD"),
    InvitationNotFound: (StatusCode.NOT_FOUND, "INVITATION_NOT_FOUND"),
    CallerNotMember: (StatusCode.FAILED_PRECONDITION, "CALLER_NOT_MEMBER"),
    TooMany: (StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY"),
    PolicyTooLarge: (StatusCode.FAILED_PRECONDITION, "POLICY_TOO_LARGE"),
    InvalidDocument: (StatusCode.INVALID_ARGUMENT, "INVALID_DOCUMENT"),
    PolicySetTooLarge: (StatusCode.FAILED_PRECONDITION, "POLICY_SET_TOO_LARGE"),
    NotAuthenticated: (StatusCode.UNAUTHENTICATED, "TOKEN_MISSING"),
    Contended: (StatusCode.ABORTED, "CONTENDED"),
    **{error: (StatusCode.NOT_FOUND, f"{field.upper()}_NOT_FOUND") for field, error in _NOT_FOUND.items()},
    **{error: (StatusCode.ALREADY_EXISTS, f"{field.upper()}_ALREADY_EXISTS") for field, error in _EXISTS.items()},
    **{error: (StatusCode.FAILED_PRECONDITION, f"{field.upper()}_IN_USE") for field, error in _IN_USE.items()},
    **{error: (StatusCode.RESOURCE_EXHAUSTED, f"TOO_MANY_{field.upper()}S") for field, error in _TOO_MANY.items()},
}
