"""What access is decided by: the policies of an account, and what they are made of.

Everything is named by a resource name and holds names, so that a change of one thing changes everyone's access who
refers to it. The access product keeps these as rows; here they are plain values, which have been checked.

    accounts/{account}/permissionGroups/{id}     what may be done
    accounts/{account}/resourceGroups/{id}       to what
    accounts/{account}/domainGroups/{id}         zones, named once for many resource groups
    accounts/{account}/groups/{id}               principals, named once for many policies
    accounts/{account}/policies/{id}             who may do what to what
    accounts/{account}/apiTokens/{id}            a credential that can do less than who issued it
    accounts/{account}/accessKeys/{id}           a credential by which calls are signed
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of these must hold for a policy to count. Times in seconds since 1970; 0 and empty: no such condition."""

    not_before: int = 0
    not_after: int = 0
    """The first second in which it no longer holds."""
    source_cidrs: tuple[str, ...] = ()
    """Networks, IPv4 or IPv6, one of which the caller's address must be in."""
    certificate_required: bool = False
    """The caller must speak with a client certificate of this platform."""
    max_token_age_seconds: int = 0
    """The caller's token must have been issued so lately."""


@dataclass(frozen=True, slots=True)
class PermissionGroup:
    """Permissions `product.noun.verb`, or `product.noun.*`, `product.*`, `*`."""

    name: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomainGroup:
    """`zones` are names of zones: `accounts/{account}/zones/{domain}`."""

    name: str
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """What a policy is about: of what lies at or below `scope` either everything, or `objects` and the zones of
    `domain_groups`, each with all below it; in both cases without `excluded` and the zones of
    `excluded_domain_groups`, and all below them."""

    name: str
    scope: str
    everything: bool = False
    objects: tuple[str, ...] = ()
    domain_groups: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    excluded_domain_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """`members` are names of principals, or of other groups of the account; never in a circle."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Every permission of every permission group on everything in every resource group, for every principal.

    `principals` are names of principals (`accounts/{account}/principals/{id}`, of another account too) or of groups. A
    policy of an API token has none.
    """

    name: str
    permission_groups: tuple[str, ...]
    resource_groups: tuple[str, ...]
    principals: tuple[str, ...] = ()
    deny: bool = False
    conditions: Conditions = Conditions()


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What it may do is what its `policies` allow *and* its `principal` may do at that moment.

    `token_id` is made of its secret (`credentials.api_token_id`), so it is no other one's. Times in seconds since 1970;
    0: no bound. `expires_at` is the first second in which it no longer holds; `issued_at` when its secret was made.
    """

    name: str
    token_id: str
    principal: str
    policies: tuple[Policy, ...]
    not_before: int = 0
    expires_at: int = 0
    source_cidrs: tuple[str, ...] = ()
    issued_at: int = 0


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Whoever signs by it calls as its `principal`. `sealed` is the secret as whoever keeps it has sealed it, in
    base64; it belongs to the name. `created_at` in seconds since 1970."""

    name: str
    principal: str
    sealed: str = field(repr=False)
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class AccountPolicies:
    """All that one account decides by, each kind by name. What a policy names need not exist: then it adds nothing
    to an allow; in a deny, a missing exclusion takes nothing away from what is denied. (A resource group that should
    exclude a domain group which does not exist adds nothing to an allow at all.)"""

    account: str
    """Its name, `accounts/{account}`."""
    permission_groups: dict[str, PermissionGroup] = field(default_factory=dict)
    resource_groups: dict[str, ResourceGroup] = field(default_factory=dict)
    domain_groups: dict[str, DomainGroup] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    tokens: dict[str, ApiToken] = field(default_factory=dict)
    principals: frozenset[str] = frozenset()
    """Who is a member or a service account of this account: others may do nothing in it, whatever policies say."""
    client_secrets: frozenset[str] = frozenset()
    """The ids of the secrets by which its service accounts may get tokens (`credentials.client_secret_id`)."""
    access_keys: dict[str, AccessKey] = field(default_factory=dict)
