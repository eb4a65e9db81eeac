"""Access by the SDK, with types of its own and by the names of methods, for threads and for asyncio."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import portico
from portico import errors
from portico.access.v1.api_tokens_pb2 import ApiTokenPolicy
from portico.access.v1.policies_pb2 import ACCESS_ALLOW
from tests.harness import RunningPlatform

ACCOUNT = "accounts/default"
BUCKET = f"{ACCOUNT}/buckets/sdk-photos"
READ, DELETE = "objects.object.read", "objects.bucket.delete"


@pytest.fixture
def client(platform: RunningPlatform) -> Iterator[portico.Client]:
    with portico.connect(str(platform.profile)) as client:
        yield client


def test_a_service_account_is_given_a_role_and_asked_about(client: portico.Client) -> None:
    access = client.access
    access.call("CreateServiceAccount", service_account_id="sdk-bob", service_account={})
    access.call("CreateResourceGroup", resource_group_id="sdk-photos", resource_group={"objects": [BUCKET]})
    bob = f"{ACCOUNT}/serviceAccounts/sdk-bob"
    policy = access.grant("sdk-bob", ["objects"], ["sdk-photos"], [bob])
    assert client.policy_revision > 0
    assert access.check(READ, BUCKET, principal="sdk-bob")
    asked = [(READ, BUCKET), (READ, f"{ACCOUNT}/buckets/logs"), ("dns.zone.read", BUCKET)]
    assert access.check_all(asked, principal="sdk-bob") == (True, False, False)
    assert access.explain(READ, BUCKET, principal="sdk-bob").deciding_policy == policy.name
    policy.resource_groups[:] = [f"{ACCOUNT}/resourceGroups/everything"]
    [gained] = access.simulate(policy).changes
    assert (gained.resource, list(gained.unchanged), READ in gained.gained) == (ACCOUNT, [BUCKET], True)
    [lost] = access.simulate(removed="sdk-bob", resources=[BUCKET]).changes
    assert (lost.resource, DELETE in lost.lost) == (BUCKET, True)
    assert access.create_secret("sdk-bob", ttl_seconds=600).secret


def test_members_zones_and_tokens(client: portico.Client, platform: RunningPlatform) -> None:
    access = client.access
    invited = access.invite("sdk-ada", principal="sdk-ada", ttl_seconds=600)
    with pytest.raises(errors.NotFound):
        access.accept(invited.invitation_code)  # by somebody else
    access.call("CreateDomainGroup", domain_group_id="sdk-production", domain_group={})
    assert list(access.add_zones("sdk-production", ["a.example"]).zones) == [f"{ACCOUNT}/zones/a.example"]
    assert not access.remove_zones("sdk-production", ["a.example"]).zones
    part = ApiTokenPolicy(
        access=ACCESS_ALLOW,
        permission_groups=[f"{ACCOUNT}/permissionGroups/objects"],
        resource_groups=[f"{ACCOUNT}/resourceGroups/everything"],
    )
    made = access.create_token("sdk-ci", [part], ttl_seconds=600)
    assert access.roll_token("sdk-ci").secret != made.secret
    access.revoke_token("sdk-ci")
    with pytest.raises(errors.NotFound):
        access.call("GetApiToken", name=made.api_token.name)
    assert READ in list(access.my_permissions())


async def test_policies_go_out_and_come_in_in_asyncio(platform: RunningPlatform) -> None:
    async with portico.connect_async(str(platform.profile)) as client:
        text = await client.access.export_policies()
        assert not (await client.access.import_policies(text, prune=True)).changes
        with pytest.raises(errors.InvalidArgument, match="line 2"):
            await client.access.import_policies("version: 1\nnothing: {}\n")
        names = [policy.name async for policy in client.access.list("ListPolicies")]
        assert f"{ACCOUNT}/policies/super-administrator" in names


def test_a_profile_keeps_an_access_key_of_its_own(client: portico.Client, platform: RunningPlatform) -> None:
    key = client.access.own_key()
    assert (len(key.id), len(key.secret)) == (20, 40)
    assert client.access.own_key() == key, "it is kept"
    file = platform.profile / "access-keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    client.access.call("DeleteAccessKey", name=f"{ACCOUNT}/accessKeys/{key.id}")
    another = client.access.own_key()
    assert another.id != key.id, "it was no more"
    file.write_text("{")
    with pytest.raises(errors.ProfileError, match="remove"):
        client.access.own_key()
    file.unlink()
