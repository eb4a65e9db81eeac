"""The way of every call, from the host to the servicer: which steps, and in which order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from portico_server.gateway.account_credentials import NO_CREDENTIALS, Credentials
from portico_server.gateway.assertions import NOTHING_ASSERTED, Asserted
from portico_server.gateway.authorize import authorize
from portico_server.gateway.errors import ErrorMapper
from portico_server.gateway.event import event
from portico_server.gateway.first_message import first_message
from portico_server.gateway.handler import handler
from portico_server.gateway.identity import identity
from portico_server.gateway.issuers import Issuers
from portico_server.gateway.limits import Limiter, limits
from portico_server.gateway.policy_revisions import PolicyRevisions
from portico_server.gateway.ray import ray
from portico_server.gateway.rest_path import rest_path
from portico_server.gateway.revoked import NOTHING_REVOKED, Revoked
from portico_server.gateway.tokens import NO_OTHERS
from portico_server.gateway.trace import trace
from portico_server.gateway.validate import validate
from portico_server.platform.authorization import Authorizer, Principal
from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.methods import Method
from portico_server.platform.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Parts:
    """What the steps stand on.

    `methods`: all that are served, by path. `certificate_principal`: whom a certificate's URI makes a caller without a
    token. `certificate_account`: the account that a certificate's URI belongs to, empty for none. `limiter`: None for
    no limits. `node`: the URI of nodes' certificates. `issuers`: of whom tokens are good. `credentials`: those that
    accounts give out.
    `policy_revisions`: None where no policies of accounts are decided by.
    """

    methods: Mapping[str, Method]
    errors: ErrorMapper
    authorizer: Authorizer
    certificate_principal: Callable[[str], Principal | None]
    certificate_account: Callable[[str], str]
    telemetry: Telemetry
    sample_ratio: float
    revoked: Revoked = NOTHING_REVOKED
    limiter: Limiter | None = None
    asserted: Asserted = NOTHING_ASSERTED
    node: str = ""
    issuers: Issuers = NO_OTHERS
    credentials: Credentials = NO_CREDENTIALS
    record_all_spans: bool = False
    policy_revisions: PolicyRevisions | None = None


def standard(parts: Parts) -> Step:
    """The house's order. Authorize comes before validate: who may not call learns nothing from the rules (AIP-211)."""
    limiter = parts.limiter
    return compose(
        [
            event(parts.telemetry, parts.errors, parts.certificate_account, parts.methods),
            ray(),
            trace(
                parts.sample_ratio,
                record_all=parts.record_all_spans,
                parent_other_libraries=parts.telemetry.export is not None,
            ),
            identity(
                parts.certificate_principal,
                parts.revoked,
                parts.asserted,
                refused=limiter.charge if limiter else None,
                node=parts.node,
                issuers=parts.issuers,
                credentials=parts.credentials,
            ),
            *([limits(limiter)] if limiter else []),
            first_message(parts.methods),
            authorize(parts.authorizer, parts.methods, parts.policy_revisions),
            rest_path(parts.methods),
            validate(parts.methods),
            handler(parts.methods),
        ]
    )


def compose(steps: Sequence[Step]) -> Step:
    """The steps as one, the first outermost. They are linked now, once for all calls; so that no call needs a chain of
    its own, it keeps its handler itself, and a composed step cannot be one of another composition's."""
    first: Handler = _handle
    for step in reversed(steps):
        first = _before(step, first)

    def composed(call: Call, proceed: Handler) -> Awaitable[None]:
        call.handler = proceed
        return first(call)

    return composed


def _before(step: Step, rest: Handler) -> Handler:
    return lambda call: step(call, rest)


def _handle(call: Call) -> Awaitable[None]:
    assert call.handler is not None
    return call.handler(call)
