"""Two Super Administrators who take the role from one another at once, in two processes: one of them stays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from portico.access.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    groups_pb2,
    groups_pb2_grpc,
    members_pb2,
    members_pb2_grpc,
    policies_pb2,
    policies_pb2_grpc,
)
from tests.e2e.calls import ACCOUNT as FIRST
from tests.e2e.revoking import SECONDS, keyring_of, new_token
from tests.e2e.test_revocation_everywhere import answered, channels_to_every_front
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF, layout_settings

pytestmark = SPREADS_ITSELF

ACCOUNT = "accounts/duel"
POLICY, GROUP = f"{ACCOUNT}/policies/super-administrator", f"{ACCOUNT}/groups/both"
RED, BLUE = "red", "blue"
ROUNDS = 6


@dataclass
class Duellist:
    """One of the two, with a connection to each process behind the doors."""

    name: str
    channels: list[grpc.Channel]

    @property
    def member(self) -> str:
        return f"{ACCOUNT}/members/{self.name}"

    def calls(self, stub: Any, method: str, request: Any, front: int = 0) -> Any:
        """Makes a call in the process of that number."""
        channel = self.channels[front % len(self.channels)]
        return getattr(stub(channel), method)(request, timeout=SECONDS)

    def is_super_administrator(self) -> bool:
        """Who is none holds nothing in the account."""
        request = policies_pb2.GetPolicyRequest(name=POLICY)
        return answered(lambda: self.calls(policies_pb2_grpc.PolicyServiceStub, "GetPolicy", request)) == ""


@dataclass
class Duel:
    red: Duellist
    blue: Duellist


@pytest.fixture(scope="module", params=["one", "workers"])
def duel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duel]:
    """An account with two members, who are Super Administrators by a policy for each of them and for a group."""
    with (
        layout_settings(request.param) as settings,
        running_platform(tmp_path_factory.mktemp("duel"), **settings) as platform,
        platform.channel() as admin,
        channels_to_every_front(platform, token=token_of(platform, RED)) as by_red,
        channels_to_every_front(platform, token=token_of(platform, BLUE)) as by_blue,
    ):
        made = Duel(Duellist(RED, by_red), Duellist(BLUE, by_blue))
        creator = Duellist("admin", [admin])
        creator.calls(
            accounts_pb2_grpc.AccountServiceStub,
            "CreateAccount",
            accounts_pb2.CreateAccountRequest(parent=FIRST, account_id="duel"),
        )
        for duellist in (made.red, made.blue):
            joins(duellist, creator)
        sets_policy(creator, made.red.member, made.blue.member)
        request_ = members_pb2.DeleteMemberRequest(name=creator.member)
        made.red.calls(members_pb2_grpc.MemberServiceStub, "DeleteMember", request_)
        yield made


def token_of(platform: RunningPlatform, name: str) -> str:
    return new_token(keyring_of(platform), f"{FIRST}/principals/{name}")


def joins(duellist: Duellist, inviter: Duellist) -> None:
    members = members_pb2_grpc.MemberServiceStub
    invite = members_pb2.InviteMemberRequest(parent=ACCOUNT, member_id=duellist.name)
    code = inviter.calls(members, "InviteMember", invite).invitation_code
    accept = members_pb2.AcceptInvitationRequest(parent=ACCOUNT, invitation_code=code)
    duellist.calls(members, "AcceptInvitation", accept)


def sets_policy(caller: Duellist, *principals: str, front: int = 0) -> None:
    request = policies_pb2.UpdatePolicyRequest(
        policy=policies_pb2.Policy(name=POLICY, principals=principals), update_mask=FieldMask(paths=["principals"])
    )
    caller.calls(policies_pb2_grpc.PolicyServiceStub, "UpdatePolicy", request, front)


def sets_group(caller: Duellist, *members: str, front: int = 0) -> None:
    request = groups_pb2.UpdateGroupRequest(
        group=groups_pb2.Group(name=GROUP, members=members), update_mask=FieldMask(paths=["members"])
    )
    caller.calls(groups_pb2_grpc.GroupServiceStub, "UpdateGroup", request, front)


def removes(one: Duellist, other: Duellist, front: int) -> None:
    request = members_pb2.DeleteMemberRequest(name=other.member)
    one.calls(members_pb2_grpc.MemberServiceStub, "DeleteMember", request, front)


def takes_the_policy(one: Duellist, other: Duellist, front: int) -> None:
    sets_policy(one, one.member, front=front)


def empties_the_group(one: Duellist, other: Duellist, front: int) -> None:
    sets_group(one, one.member, front=front)


def deletes_the_policy(one: Duellist, other: Duellist, front: int) -> None:
    """By which the other, and he alone, is one."""
    request = policies_pb2.DeletePolicyRequest(name=f"{ACCOUNT}/policies/{other.name}")
    one.calls(policies_pb2_grpc.PolicyServiceStub, "DeletePolicy", request, front)


def fight(duel: Duel, way: Callable[[Duellist, Duellist, int], None], front: int) -> tuple[Duellist, Duellist]:
    """Both strike at once, in processes next to one another; answers who is left, and the other."""
    barrier = threading.Barrier(2)

    def strikes(one: Duellist, other: Duellist, at: int) -> str:
        barrier.wait(SECONDS)
        return answered(lambda: way(one, other, at))

    with ThreadPoolExecutor(2) as pool:
        by_red = pool.submit(strikes, duel.red, duel.blue, front)
        by_blue = pool.submit(strikes, duel.blue, duel.red, front + 1)
        told = {RED: by_red.result(), BLUE: by_blue.result()}
    left = [one for one in (duel.red, duel.blue) if one.is_super_administrator()]
    assert len(left) == 1, (told, left)
    assert told[left[0].name] == "", told
    return left[0], duel.blue if left[0] is duel.red else duel.red


def as_before(duel: Duel, winner: Duellist, loser: Duellist) -> None:
    members = winner.calls(
        members_pb2_grpc.MemberServiceStub, "ListMembers", members_pb2.ListMembersRequest(parent=ACCOUNT)
    ).members
    if loser.member not in {member.name for member in members}:
        joins(loser, winner)
    sets_policy(winner, winner.member, loser.member)


@pytest.mark.parametrize("way", [removes, takes_the_policy])
def test_one_of_two_who_strike_at_once_is_left(duel: Duel, way: Callable[[Duellist, Duellist, int], None]) -> None:
    for front in range(ROUNDS):
        as_before(duel, *fight(duel, way, front))


def test_so_it_is_where_they_have_the_role_by_a_group(duel: Duel) -> None:
    both = groups_pb2.Group(members=[duel.red.member, duel.blue.member])
    create = groups_pb2.CreateGroupRequest(parent=ACCOUNT, group_id="both", group=both)
    duel.red.calls(groups_pb2_grpc.GroupServiceStub, "CreateGroup", create)
    sets_policy(duel.red, GROUP)
    for front in range(ROUNDS):
        winner, _ = fight(duel, empties_the_group, front)
        sets_group(winner, duel.red.member, duel.blue.member)
    sets_policy(duel.red, duel.red.member, duel.blue.member)


def test_so_it_is_where_each_has_a_policy_of_his_own(duel: Duel) -> None:
    policies = policies_pb2_grpc.PolicyServiceStub
    get = policies_pb2.GetPolicyRequest(name=POLICY)
    for front in range(ROUNDS):
        own = duel.red.calls(policies, "GetPolicy", get).policy
        for duellist in (duel.red, duel.blue):
            given = policies_pb2.Policy(
                access=own.access, permission_groups=own.permission_groups, resource_groups=own.resource_groups,
                principals=[duellist.member],
            )  # fmt: skip
            create = policies_pb2.CreatePolicyRequest(parent=ACCOUNT, policy_id=duellist.name, policy=given)
            duel.red.calls(policies, "CreatePolicy", create)
        sets_policy(duel.red)
        winner, _ = fight(duel, deletes_the_policy, front)
        sets_policy(winner, duel.red.member, duel.blue.member)
        winner.calls(
            policies, "DeletePolicy", policies_pb2.DeletePolicyRequest(name=f"{ACCOUNT}/policies/{winner.name}")
        )
