"""Decisions: who may do what, why, and what a change would change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from portico.access.v1 import decisions_pb2, decisions_pb2_grpc
from portico.access.v1.policies_pb2 import Access
from portico_server.access import caller
from portico_server.access.apart import MAX_SECONDS, Apart
from portico_server.access.deciding import Deciding
from portico_server.access.errors import AsksAboutOthers, InvalidField, OutsideAccount, UnknownPermission
from portico_server.access.pages import page_size
from portico_server.access.permissions import Permissions
from portico_server.access.simulations import Simulations
from portico_server.platform import call
from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.credentials import API_TOKEN_ID_PREFIX
from portico_server.platform.access.explain import Explanation, Unfinished, explanation
from portico_server.platform.access.model import AccountPolicies
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.authorization import below
from portico_server.platform.clock import Clock
from portico_server.platform.names import is_name
from portico_server.platform.paging import PageTokens
from portico_server.platform.turns import Turns


class DecisionService(decisions_pb2_grpc.DecisionServiceServicer):
    """Answers who may do what."""

    def __init__(
        self,
        deciding: Deciding,
        simulations: Simulations,
        permissions: Permissions,
        clock: Clock,
        page_tokens: PageTokens,
    ) -> None:
        self._deciding = deciding
        self._simulations = simulations
        self._permissions = permissions
        self._clock = clock
        self._page_tokens = page_tokens
        self._apart = Apart()

    async def CheckAccess(self, request: Any, context: Any) -> Any:
        who = _asked_about(request.principal, "principal")
        self._check_question(request, request.parent)
        snapshot, revision = await self._deciding.current()
        allowed = _is_in_scope(request, who, request.permission) and snapshot.allows(
            who, request.permission, request.resource, self._circumstances(request, who)
        )
        return decisions_pb2.CheckAccessResponse(
            allowed=allowed, policy_revision=_told_revision(snapshot, request.parent, revision)
        )

    async def BatchCheckAccess(self, request: Any, context: Any) -> Any:
        for index, question in enumerate(request.questions):
            _asked_about(question.principal, f"questions[{index}].principal")
            self._check_question(question, request.parent, f"questions[{index}].")
        snapshot, revision = await self._deciding.current()
        turns, answers = Turns(), list[bool]()
        for question in request.questions:
            who = question.principal or caller.principal()
            circumstances = self._circumstances(request, who)
            answers.append(
                _is_in_scope(request, who, question.permission)
                and snapshot.allows(who, question.permission, question.resource, circumstances)
            )
            await turns.offer()
        return decisions_pb2.BatchCheckAccessResponse(
            allowed=answers, policy_revision=_told_revision(snapshot, request.parent, revision)
        )

    async def Explain(self, request: Any, context: Any) -> Any:
        who = request.principal or caller.principal()
        self._check_question(request, request.parent)
        snapshot, revision = await self._deciding.current()
        if not _is_in_scope(request, who, request.permission):
            return decisions_pb2.ExplainResponse(
                summary=f"{who} may not do {request.permission}: the token is narrowed to a scope without it",
                policy_revision=caller.tell_revision(revision),
            )
        circumstances = self._circumstances(request, who)
        try:
            found = await self._apart.run(
                lambda ended: explanation(snapshot, who, request.permission, request.resource, circumstances, ended)
            )
        except Unfinished:
            allowed = snapshot.allows(who, request.permission, request.resource, circumstances)
            decision = _decision(allowed, who, request.permission, request.resource)
            return decisions_pb2.ExplainResponse(
                allowed=allowed,
                summary=f"{decision}; there are too many policies to say why in {MAX_SECONDS:g} seconds",
                policy_revision=caller.tell_revision(revision),
            )
        account = snapshot.account_of(request.parent)
        findings = list(_findings(found, account.model)) if account is not None else []
        summary = _summary(found, who, request.permission, request.resource)
        by_token = bool(found.token) or circumstances.token_id.startswith(API_TOKEN_ID_PREFIX)
        is_open = not found.allowed and found.match is None and not by_token
        if (
            is_open
            and snapshot.is_of_account(who, request.resource)
            and self._permissions.is_for_own(request.permission)
        ):
            summary += "; with what is one's own, everybody of the account may, since nothing denies it"
        return decisions_pb2.ExplainResponse(
            allowed=found.allowed,
            deciding_policy=found.match.policy if found.match else "",
            findings=findings,
            summary=summary,
            policy_revision=caller.tell_revision(revision),
        )

    async def ListMyPermissions(self, request: Any, context: Any) -> Any:
        who = caller.principal()
        resource = request.resource or request.parent
        self._check_resource(resource, request.parent, "resource")
        after = self._page_tokens.open(request, who, request.page_token)
        snapshot, _ = await self._deciding.current()
        circumstances = self._circumstances(None, who)
        turns, held = Turns(), list[str]()
        for name in self._permissions:
            if caller.is_in_scope(name) and snapshot.shows_anything(who, name, resource, circumstances):
                held.append(name)
            await turns.offer()
        partial = [name for name in held if name > after]
        size = page_size(request.page_size)
        return decisions_pb2.ListMyPermissionsResponse(
            permissions=partial[:size],
            next_page_token=self._page_tokens.seal(request, who, partial[size - 1] if len(partial) > size else ""),
            includes_partial=any(not snapshot.allows(who, name, resource, circumstances) for name in partial[:size]),
            areas=sorted({name.partition(".")[0] for name in held}),
            principal=who,
        )

    async def SimulatePolicy(self, request: Any, context: Any) -> Any:
        for index, resource in enumerate(request.resources):
            self._check_resource(resource, request.parent, f"resources[{index}]")
        given = request.policy if request.HasField("policy") else None
        changes, complete, revision = await self._simulations.of_policy(
            request.parent, given, request.removed_policy, list(request.resources)
        )
        return decisions_pb2.SimulatePolicyResponse(
            changes=changes, truncated=not complete, policy_revision=caller.tell_revision(revision)
        )

    def _check_question(self, question: Any, account: str, where: str = "") -> None:
        """Its permission and resource. Raises DomainError."""
        if question.permission not in self._permissions:
            raise UnknownPermission(
                f"{where}permission: there is no permission {question.permission}; give PRODUCT.NOUN.VERB of `portico "
                "access permissions`",
                field=f"{where}permission",
                permission=question.permission,
            )
        self._check_resource(question.resource, account, f"{where}resource")

    def _check_resource(self, resource: str, account: str, field: str) -> None:
        """Raises DomainError."""
        if not is_name(resource):
            raise InvalidField(f"{field} must be a resource's name, as {account}/COLLECTION/ID", field=field)
        if not below(resource, account):
            raise OutsideAccount(f"{field}: {resource} is not of {account}", field=field)
        self._permissions.resource_types.check(resource, field)

    def _circumstances(self, request: Any, who: str) -> Circumstances:
        """Those asked for; else those of the call for the caller himself, and for others the most favourable but for an
        address."""
        now = self._clock.now_us() / 1e6
        if request is not None and request.HasField("circumstances"):
            given = request.circumstances
            moment = given.call_time.seconds if given.HasField("call_time") else now
            issued = given.token_issue_time.seconds if given.HasField("token_issue_time") else int(moment)
            return Circumstances(moment, given.address, not given.no_certificate, issued_at=issued)
        made = call.current.get()
        if made.principal is not None and made.principal.name == who:
            peer = made.origin if made.acting else made.peer
            own = made.principal
            token_id = own.credential or own.token_id
            return Circumstances(now, peer.address, bool(peer.uri), token_id, own.issued_at)
        return Circumstances(now, "", True, issued_at=int(now))


def _asked_about(principal: str, field: str) -> str:
    """Whom the question is about: himself, or anybody for who may ask about others. Raises AsksAboutOthers."""
    own, shown = caller.principal(), caller.shown()
    if principal in ("", own):
        return own
    if not shown.everything:
        raise AsksAboutOthers(
            f"{field}: to ask about others needs the permission access.decision.check on the account",
            field=field,
            permission="access.decision.check",
        )
    return principal


def _told_revision(snapshot: Snapshot, account: str, revision: int) -> int:
    """The revision, for who belongs to the account or may ask about others; strangers are not told how often policies
    change on the platform."""
    asked = snapshot.account_of(account)
    belongs = asked is not None and caller.principal() in asked.model.principals
    return caller.tell_revision(revision) if belongs or caller.shown().everything else 0


def _is_in_scope(request: Any, who: str, permission: str) -> bool:
    """Whether the token by which somebody asks about himself, as he calls now, is not narrowed to something else."""
    return who != caller.principal() or request.HasField("circumstances") or caller.is_in_scope(permission)


def _findings(found: Explanation, policies: AccountPolicies) -> Iterator[decisions_pb2.PolicyFinding]:
    def access(name: str) -> Access:
        policy = policies.policies.get(name)
        return Access.ACCESS_DENY if policy is not None and policy.deny else Access.ACCESS_ALLOW

    if found.match is not None:
        match = found.match
        yield decisions_pb2.PolicyFinding(
            policy=match.policy,
            access=access(match.policy),
            matched=True,
            permission_group=match.permission_group,
            resource_group=match.resource_group,
            through=[match.principal] if match.principal else [],
            reason=f"{match.permission} on {match.entry}",
        )
    if found.nearest is not None:
        yield decisions_pb2.PolicyFinding(
            policy=found.nearest.policy,
            access=access(found.nearest.policy),
            failed=_FAILED[found.nearest.failed[0].value],
            reason=found.nearest.detail,
        )
    for item in found.findings:
        yield decisions_pb2.PolicyFinding(
            policy=item.policy,
            access=access(item.policy),
            failed=f"conditions.{item.finding.condition}",
            reason=item.finding.detail,
        )


_FAILED = {
    "condition": "conditions",
    "exclusion": "resource_groups",
    "permission": "permission_groups",
    "scope": "resource_groups",
}


def _summary(found: Explanation, who: str, permission: str, resource: str) -> str:
    what = _decision(found.allowed, who, permission, resource)
    if found.match is not None:
        return f"{what}: {found.match.policy} {'allows' if found.allowed else 'denies'} it"
    if found.nearest is not None:
        return f"{what}: nothing allows it; {found.nearest.policy} comes nearest: {found.nearest.detail}"
    return f"{what}: {found.reason.value}"


def _decision(allowed: bool, who: str, permission: str, resource: str) -> str:
    return f"{who} {'may' if allowed else 'may not'} do {permission} on {resource}"
