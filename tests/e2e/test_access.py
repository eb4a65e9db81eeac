"""Access through a running gateway: a member who may do one thing in one place, by gRPC, grpcurl and REST."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from portico.access.v1 import policies_pb2, policies_pb2_grpc
from portico_cli.main import run
from tests.harness import RunningPlatform, running_platform

ACCOUNT = "accounts/default"
ADA = f"{ACCOUNT}/principals/ada"
PHOTOS = f"{ACCOUNT}/buckets/photos"
SERVICES = "portico.access.v1."


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    folder = tmp_path_factory.mktemp("access")
    with running_platform(folder) as running:
        yield running


def _rest(platform: RunningPlatform, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = platform.http(method, f"/v1/{path}", **({} if body is None else {"json_body": body}))
    assert answer.status == status, answer.json()
    return answer.json()


def _may(platform: RunningPlatform, permission: str, resource: str) -> bool:
    question = f"principal={ADA}&permission={permission}&resource={resource}"
    return bool(_rest(platform, "GET", f"{ACCOUNT}:checkAccess?{question}").get("allowed", False))


def test_a_member_is_invited_given_a_role_and_scoped(platform: RunningPlatform) -> None:
    invited = _rest(platform, "POST", f"{ACCOUNT}/members:invite", {"memberId": "ada", "member": {"principal": ADA}})
    assert invited["invitationCode"]
    token = _rest(platform, "POST", "tokens", {"subject": ADA})["token"]
    accepted = platform.http(
        "POST", f"/v1/{ACCOUNT}/members:accept", token=token, json_body={"invitationCode": invited["invitationCode"]}
    )
    assert accepted.json()["member"]["state"] == "MEMBER_STATE_ACTIVE"
    assert int(dict(accepted.headers)["x-policy-revision"]) == int(accepted.json()["policyRevision"])

    with platform.channel() as channel:
        stub = policies_pb2_grpc.PolicyServiceStub(channel)
        policy = policies_pb2.Policy(
            access=policies_pb2.ACCESS_ALLOW,
            permission_groups=[f"{ACCOUNT}/permissionGroups/objects"],
            resource_groups=[f"{ACCOUNT}/resourceGroups/everything"],
            principals=[f"{ACCOUNT}/members/ada"],
        )
        made = stub.CreatePolicy(
            policies_pb2.CreatePolicyRequest(parent=ACCOUNT, policy_id="ada", policy=policy), timeout=10
        ).policy
    assert _may(platform, "objects.object.read", PHOTOS)
    assert not _may(platform, "access.policy.create", ACCOUNT)

    group = {"objects": [PHOTOS]}
    _rest(platform, "POST", f"{ACCOUNT}/resourceGroups?resourceGroupId=photos", group)
    body = {"resourceGroups": [f"{ACCOUNT}/resourceGroups/photos"], "etag": made.etag}
    _rest(platform, "PATCH", f"{made.name}?updateMask=resourceGroups", body)
    assert _may(platform, "objects.object.read", PHOTOS)
    assert not _may(platform, "objects.object.read", f"{ACCOUNT}/buckets/logs")


def test_calls_are_decided_by_policies_from_their_answer_on(platform: RunningPlatform) -> None:
    for bucket in ("photos", "logs"):
        _rest(platform, "POST", f"{ACCOUNT}/buckets?bucketId={bucket}", {})
    _rest(platform, "POST", f"{ACCOUNT}/serviceAccounts?serviceAccountId=bob", {})
    token = _rest(platform, "POST", "tokens", {"subject": f"{ACCOUNT}/principals/bob"})["token"]

    def status(bucket: str) -> int:
        return platform.http("GET", f"/v1/{ACCOUNT}/buckets/{bucket}", token=token).status

    def shown() -> list[str]:
        answer = platform.http("GET", f"/v1/{ACCOUNT}/buckets", token=token).json()
        return [item["name"].rpartition("/")[2] for item in answer.get("buckets", [])]

    assert (status("photos"), shown()) == (403, [])
    policy = {
        "access": "ACCESS_ALLOW",
        "permissionGroups": [f"{ACCOUNT}/permissionGroups/objects"],
        "resourceGroups": [f"{ACCOUNT}/resourceGroups/everything"],
        "principals": [f"{ACCOUNT}/serviceAccounts/bob"],
    }
    _rest(platform, "POST", f"{ACCOUNT}/policies?policyId=bob", policy)
    assert (status("photos"), status("logs"), shown()) == (200, 200, ["logs", "photos"])
    _rest(platform, "POST", f"{ACCOUNT}/resourceGroups?resourceGroupId=bobs", {"objects": [PHOTOS]})
    scoped = {"resourceGroups": [f"{ACCOUNT}/resourceGroups/bobs"]}
    _rest(platform, "PATCH", f"{ACCOUNT}/policies/bob?updateMask=resourceGroups", scoped)
    assert (status("photos"), status("logs"), shown()) == (200, 403, ["photos"])
    deny = {**policy, "access": "ACCESS_DENY", "resourceGroups": [f"{ACCOUNT}/resourceGroups/bobs"]}
    _rest(platform, "POST", f"{ACCOUNT}/policies?policyId=not-bob", deny)
    assert (status("photos"), shown()) == (403, [])
    _rest(platform, "DELETE", f"{ACCOUNT}/policies/not-bob")
    assert status("photos") == 200
    _rest(platform, "DELETE", f"{ACCOUNT}/serviceAccounts/bob")
    assert (status("photos"), shown()) == (403, [])


@pytest.mark.layouts("one", "workers", "plain", reason="a front takes client secrets where it runs the product")
def test_a_service_account_gets_a_token_by_its_secret(platform: RunningPlatform) -> None:
    name = f"{ACCOUNT}/serviceAccounts/nightly"
    _rest(platform, "POST", f"{ACCOUNT}/serviceAccounts?serviceAccountId=nightly", {})
    made = _rest(platform, "POST", f"{name}/secrets", {})

    def asked(secret: str) -> Any:
        form = urlencode({"grant_type": "client_credentials", "client_id": name, "client_secret": secret})
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return platform.http("POST", "/oauth2/token", token=None, headers=headers, body=form)

    answer = asked(made["secret"])
    assert answer.status == 200, answer.body
    token = answer.json()["access_token"]
    mine = platform.http("GET", f"/v1/{ACCOUNT}/myPermissions", token=token)
    assert mine.status == 200
    assert mine.json().get("permissions", []) == []
    assert asked(made["secret"] + "x").status == 401
    _rest(platform, "DELETE", made["clientSecret"]["name"])
    assert asked(made["secret"]).status == 401


def test_a_deny_of_a_policy_wins_over_the_policy_file(platform: RunningPlatform) -> None:
    _rest(platform, "POST", f"{ACCOUNT}/buckets?bucketId=closed", {})
    closed = f"{ACCOUNT}/buckets/closed"
    _rest(platform, "POST", f"{ACCOUNT}/resourceGroups?resourceGroupId=closed", {"objects": [closed]})
    deny = {
        "access": "ACCESS_DENY",
        "permissionGroups": [f"{ACCOUNT}/permissionGroups/objects"],
        "resourceGroups": [f"{ACCOUNT}/resourceGroups/closed"],
        "principals": [f"{ACCOUNT}/members/admin"],
    }
    _rest(platform, "POST", f"{ACCOUNT}/policies?policyId=closed", deny)
    assert platform.http("GET", f"/v1/{closed}").status == 403
    buckets = _rest(platform, "GET", f"{ACCOUNT}/buckets").get("buckets", [])
    assert closed not in [bucket["name"] for bucket in buckets]
    _rest(platform, "DELETE", f"{ACCOUNT}/policies/closed")
    assert platform.http("GET", f"/v1/{closed}").status == 200


@pytest.fixture
def portico(
    platform: RunningPlatform, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Runs command lines of `portico access` in this process; answers what they print."""
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(platform.profile))

    def call(*words: str, code: int = 0) -> str:
        answered = run(["access", *words])
        captured = capfdbinary.readouterr()
        assert answered == code, captured.err.decode()
        return captured.out.decode()

    return call


def test_the_command_line_invites_grants_explains_and_takes_back(portico: Callable[..., str]) -> None:
    assert "portico_invitation_cli." in portico("invite", "cli", "--principal", "cli")
    portico("create", "domain-groups", "production", json.dumps({"zones": [f"{ACCOUNT}/zones/a.example"]}))
    domains = json.dumps({"domainGroups": [f"{ACCOUNT}/domainGroups/production"]})
    portico("create", "resource-groups", "production", domains)
    portico("grant", "cli", "dns", "--on", "production")
    portico("update", "policies", "cli-dns", '{"displayName": "DNS of production"}')
    assert "DNS of production" in portico("list", "policies")
    shown = json.loads(portico("show", "policies", "cli-dns"))
    assert shown["resourceGroups"] == [f"{ACCOUNT}/resourceGroups/production"]
    asked = ("objects.bucket.delete", f"{ACCOUNT}/zones/a.example")
    assert "not a member" in portico("explain", *asked, "--principal", "cli")
    assert portico("check", *asked, "--principal", "cli", code=4) == "denied\n"
    assert "super-administrator allows" in portico("explain", *asked)
    assert "objects.bucket.delete" in portico("mine")
    assert "objects.object.read" in portico("permissions", "objects.object.")
    portico("delete", "members", "cli")
    assert json.loads(portico("show", "policies", "cli-dns")).get("principals", []) == []
    portico("create", "service-accounts", "cron")
    assert "portico_secret_" in portico("secret", "cron")


def test_grpcurl_explains(platform: RunningPlatform) -> None:
    asked = {"parent": ACCOUNT, "permission": "objects.bucket.delete", "resource": PHOTOS}
    answer = platform.grpcurl(f"-d={json.dumps(asked)}", f"{SERVICES}DecisionService/Explain")
    explained = json.loads(answer.stdout)
    assert explained.get("allowed") is True, explained
    assert explained.get("deciding_policy") == f"{ACCOUNT}/policies/super-administrator", explained


def test_what_is_wrong_is_named_by_its_element(platform: RunningPlatform) -> None:
    wrong = {"permissions": ["objects.*", "objects.object.fly"]}
    answer = _rest(platform, "POST", f"{ACCOUNT}/permissionGroups?permissionGroupId=wrong", wrong, status=400)
    assert answer["details"][0]["reason"] == "UNKNOWN_PERMISSION"
    assert answer["details"][1]["fieldViolations"][0]["field"] == "permission_group.permissions[1]"
    _rest(platform, "GET", f"{ACCOUNT}/permissionGroups/wrong", status=404)


def test_who_holds_no_permission_is_refused_and_an_invitation_needs_a_token(platform: RunningPlatform) -> None:
    token = _rest(platform, "POST", "tokens", {"subject": f"{ACCOUNT}/principals/eve"})["token"]
    assert platform.http("GET", f"/v1/{ACCOUNT}/policies/super-administrator", token=token).status == 403
    body = {"invitationCode": "portico_invitation_ada.x"}
    assert platform.http("POST", f"/v1/{ACCOUNT}/members:accept", token=token, json_body=body).status == 404
    assert platform.http("POST", f"/v1/{ACCOUNT}/members:accept", token=None, json_body=body).status == 401
