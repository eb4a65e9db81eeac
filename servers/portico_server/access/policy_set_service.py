"""PolicySetService: documents in and out."""

from __future__ import annotations

import asyncio
from typing import Any

from portico.access.v1 import policy_sets_pb2, policy_sets_pb2_grpc
from portico.access.v1.policy_sets_pb2 import ChangeKind
from portico_server.access import caller
from portico_server.access.policy_sets import Import, PolicySets, text_of
from portico_server.access.simulations import Simulations

_MOST_CHANGES = 1_000
_MOST_BYTES = 2 * 1024 * 1024
"""Of the changes in one answer."""
_AT_ONCE = 50
"""Changes written out, before other calls get their turn."""


class PolicySetService(policy_sets_pb2_grpc.PolicySetServiceServicer):
    """Reads and writes policy sets."""

    def __init__(self, policy_sets: PolicySets, simulations: Simulations) -> None:
        self._policy_sets = policy_sets
        self._simulations = simulations

    async def ExportPolicySet(self, request: Any, context: Any) -> Any:
        document, revision = await self._policy_sets.export(request.parent)
        return policy_sets_pb2.ExportPolicySetResponse(yaml=document, policy_revision=caller.tell_revision(revision))

    async def ImportPolicySet(self, request: Any, context: Any) -> Any:
        done = await self._policy_sets.take(
            request.parent,
            request.yaml,
            caller.principal(),
            dry_run=request.dry_run,
            prune=request.prune,
            seen_revision=request.expected_policy_revision,
        )
        answer = policy_sets_pb2.ImportPolicySetResponse(
            changes=await _changes(done),
            created_count=len(done.created),
            updated_count=len(done.updated),
            deleted_count=len(done.deleted),
            unchanged_count=done.unchanged_count,
            policy_revision=caller.tell_revision(done.revision),
        )
        if request.dry_run:
            effects, complete = await self._simulations.of_state(done.before, done.after)
            answer.effects.extend(effects)
            answer.effects_truncated = not complete
        return answer


async def _changes(done: Import) -> list[policy_sets_pb2.PolicySetChange]:
    """The first of them, as many as one answer may hold."""
    kinds = {
        **dict.fromkeys(done.created, ChangeKind.CHANGE_KIND_CREATED),
        **dict.fromkeys(done.updated, ChangeKind.CHANGE_KIND_UPDATED),
        **dict.fromkeys(done.deleted, ChangeKind.CHANGE_KIND_DELETED),
    }
    left = _MOST_BYTES
    found: list[policy_sets_pb2.PolicySetChange] = []
    for name in sorted(kinds)[:_MOST_CHANGES]:
        kind = kinds[name]
        before = text_of(name, done.before) if kind != ChangeKind.CHANGE_KIND_CREATED else ""
        after = text_of(name, done.after) if kind != ChangeKind.CHANGE_KIND_DELETED else ""
        left -= len(before) + len(after)
        if left < 0:
            break
        found.append(policy_sets_pb2.PolicySetChange(kind=kind, name=name, before=before, after=after))
        if len(found) % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return found
