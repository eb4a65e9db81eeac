"""Step: asks whether the caller may do this to what the request names, by the requirements in the method's contract.

A name that is none is INVALID_ARGUMENT, told only to callers who are known. A stream is decided on its first message; a
later one may leave the names out, and may not name another resource.

Where the contract says `anonymous`, who is nobody, or is not allowed, goes on as everybody would: the servicer decides
by what the resource itself opens (`Call.anonymous`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns
from typing import Any

import grpc

from portico_server.gateway.policy_revisions import PolicyRevisions
from portico_server.gateway.resources import Names, reader, shape
from portico_server.gateway.tokens import unauthenticated
from portico_server.platform.access.credentials import API_TOKEN_ID_PREFIX
from portico_server.platform.access.revision import KEY
from portico_server.platform.authorization import Authorizer, Principal
from portico_server.platform.call import Call, Check, Handler, Step
from portico_server.platform.errors import ApiError, invalid_argument
from portico_server.platform.methods import Method, Mode
from portico_server.platform.names import is_name

MAX_NAMES = 10_000
"""In one request: no contract allows so many, and contracts are looked at only after this step."""

_AT_ONCE = 100
"""Names decided before other calls get their turn."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A requirement, ready to be applied. `names` is None for the caller's own account; `shape` says what
    one must be that is none."""

    permission: str
    mode: Mode
    field: str
    names: Names | None
    shape: Callable[[str], str]


def authorize(authorizer: Authorizer, methods: Mapping[str, Method], revisions: PolicyRevisions | None = None) -> Step:
    """Belongs behind the step that reads the first message. Fills the call's resource, what it holds of MODE_EITHER,
    and its filter. `revisions`: has calls wait that have seen newer policies. Raises ContractError now, for a
    requirement that cannot be applied."""
    rules = {path: _rules(method) for path, method in methods.items()}

    def step(call: Call, proceed: Handler) -> Awaitable[None]:
        if call.method.public:
            return proceed(call)
        principal = call.principal
        if principal is None and not call.method.anonymous:
            raise unauthenticated("TOKEN_MISSING", "this method needs a token")
        known = principal is not None
        if revisions is not None and known and KEY in call.headers and (wanted := revisions.missing(call)):
            return wait(revisions, wanted, call, proceed)
        own = rules.get(call.method.path)
        if own is None:
            raise ApiError(grpc.StatusCode.UNIMPLEMENTED, "METHOD_UNKNOWN", "nothing serves this method")
        start, one = perf_counter_ns(), True
        call.authorizer = authorizer
        try:
            try:
                named = [_named(rule, call.message, principal) for rule in own]
            except ApiError:
                if not known:
                    raise _nobody() from None
                raise
            call.resource = resource = named[0][0][1] if named else ""
            if call.method.request_streaming and call.message is not None:
                call.checks.append(_same_resources(own, named))
            one = len(own) == 1 and own[0].mode is Mode.REQUIRED and len(named[0]) == 1
            if principal is None:
                one = True
                _go_on_as_anybody(call, _nobody)
            elif one and not authorizer.allows(principal, own[0].permission, resource):  # most calls: no coroutine
                _refuse(call, principal, [own[0].permission], resource)
        finally:
            if one:
                call.steps.append(("authorize", start, perf_counter_ns() - start))
        return proceed(call) if one else decide(call, own, named, start, proceed)

    async def wait(revisions: PolicyRevisions, wanted: int, call: Call, proceed: Handler) -> None:
        start = perf_counter_ns()
        try:
            await revisions.wait_for(wanted, call)
        finally:
            call.steps.append(("policy_revision", start, perf_counter_ns() - start))
        await step(call, proceed)

    async def decide(
        call: Call, own: list[_Rule], named: list[Sequence[tuple[str, str]]], start: int, proceed: Handler
    ) -> None:
        try:
            await _decide(authorizer, call, own, named)
        finally:
            call.steps.append(("authorize", start, perf_counter_ns() - start))
        await proceed(call)

    return step


def _refuse(call: Call, principal: Principal, permissions: list[str], resource: str) -> None:
    """Raises ApiError (PERMISSION_DENIED), but where everybody may go on."""
    if not call.method.anonymous:
        raise _denied(principal, permissions, resource)
    _go_on_as_anybody(call, partial(_denied, principal, permissions, resource))


def _go_on_as_anybody(call: Call, denial: Callable[[], ApiError]) -> None:
    """`denial` makes the error only when it is raised: one that the call holds would hold the call in turn."""
    call.anonymous, call.denial, call.held, call.filter = True, denial, frozenset(), None


def _nobody() -> ApiError:
    return unauthenticated("TOKEN_MISSING", "this is not open to everybody: say who calls, by a token for example")


def _rules(method: Method) -> list[_Rule]:
    return [
        _Rule(
            requirement.permission,
            requirement.mode,
            ".".join(requirement.fields),
            reader(method, requirement.fields) if requirement.fields else None,
            shape(method, requirement.fields) if requirement.fields else str,
        )
        for requirement in method.requirements
    ]


def _named(rule: _Rule, message: Any, principal: Principal | None) -> Sequence[tuple[str, str]]:
    """What the message names for the rule, each a well-formed name; at least one."""
    if rule.names is None:
        return [("", f"accounts/{principal.account}" if principal is not None else "")]
    named = rule.names(message)
    if not named:
        raise invalid_argument(rule.field, "must name at least one resource", "REQUIRED")
    if len(named) > MAX_NAMES:
        raise invalid_argument(rule.field, f"must not name more than {MAX_NAMES} resources", "TOO_MANY")
    for where, name in named:
        if not is_name(name):
            raise invalid_argument(where, rule.shape(name), "INVALID_NAME")
    return named


async def _decide(
    authorizer: Authorizer, call: Call, rules: list[_Rule], named: list[Sequence[tuple[str, str]]]
) -> None:
    """Refuses the call unless all that the rules ask for is allowed."""
    principal = call.principal
    assert principal is not None
    either: list[str] = []
    held: list[str] = []
    for rule, names in zip(rules, named, strict=True):
        if rule.mode is Mode.FILTER:
            call.filter = authorizer.filter(principal, rule.permission, names[0][1])
            continue
        allows = authorizer.allows_own if rule.mode is Mode.OWN else authorizer.allows
        refused = await _first_refused(allows, principal, rule.permission, names)
        if rule.mode is Mode.EITHER:
            either.append(rule.permission)
            if refused is None:
                held.append(rule.permission)
        elif refused is not None:
            _refuse(call, principal, [rule.permission], refused)
            return
    if either and not held:
        _refuse(call, principal, either, call.resource)
        return
    call.held = frozenset(held)


async def _first_refused(
    allows: Callable[[Principal, str, str], bool],
    principal: Principal,
    permission: str,
    names: Sequence[tuple[str, str]],
) -> str | None:
    for position, (_, name) in enumerate(names, 1):
        if not allows(principal, permission, name):
            return name
        if position % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return None


def _denied(principal: Principal, permissions: list[str], resource: str) -> ApiError:
    narrowed = f", and a token with more than the scope {' '.join(sorted(principal.scope))}" if principal.scope else ""
    who, remedy = principal.name, ""
    if principal.credential.startswith(API_TOKEN_ID_PREFIX):  # the principal may have it
        who = f"the API token {principal.client_id} of {principal.name}"
        if not principal.client_id.startswith("accounts/"):
            who = f"the API token by which {principal.name} came"
        remedy = ": a token may do what its own policies allow, and of that what its principal may"
    return ApiError(
        grpc.StatusCode.PERMISSION_DENIED,
        "PERMISSION_DENIED",
        f"{who} needs the permission {' or '.join(permissions)} on {resource}{narrowed}{remedy}",
        metadata={"permission": ",".join(permissions), "resource": resource},
    )


def _same_resources(rules: list[_Rule], named: list[Sequence[tuple[str, str]]]) -> Check:
    """A check of a stream's later messages."""
    decided = [
        (rule.names, {name for _, name in names}) for rule, names in zip(rules, named, strict=True) if rule.names
    ]

    def check(message: Any) -> None:
        for names, allowed in decided:
            for where, name in names(message):
                if name and name not in allowed:
                    raise invalid_argument(
                        where, "must be left out or name what the stream's first message named", "RESOURCE_CHANGED"
                    )

    return check
