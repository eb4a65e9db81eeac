"""API tokens at the doors of a running platform: the secret is sent as it is, can do less than who issued it, shrinks
with him, and is good no more, in whatever process, once that was acknowledged."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import grpc
import pytest
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from tests.e2e.calls import ACCOUNT
from tests.e2e.revoking import SECONDS, keyring_of, lists_buckets, new_token, refusal
from tests.e2e.test_revocation_everywhere import Stream
from tests.harness import Response, RunningPlatform, clients, running_platform
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.layouts("one", reason="it says itself how its platform is spread")

EVERYTHING = f"{ACCOUNT}/resourceGroups/everything"
SUPER, OBJECTS = (f"{ACCOUNT}/permissionGroups/{name}" for name in ("super-administrator", "objects"))
UNKNOWN = (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_UNKNOWN")
REVOKED = (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED")

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """Objects and the testing product in processes of their own, access in the front: what one of them answers, the
    others must hold to."""
    settings = {**TESTING_PRODUCT, "processes": ("objects", "testing")}
    with running_platform(tmp_path_factory.mktemp("api-tokens"), **settings) as running:
        for bucket in ("photos", "logs"):
            rest(running, "POST", f"{ACCOUNT}/buckets?bucketId={bucket}", {})
            name = f"{ACCOUNT}/resourceGroups?resourceGroupId={bucket}"
            rest(running, "POST", name, {"objects": [f"{ACCOUNT}/buckets/{bucket}"]})
        yield running


def rest(platform: RunningPlatform, method: str, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
    """A call at the API door, as the administrator unless `token` says otherwise."""
    answer = platform.http(method, f"/v1/{path}", **({} if body is None else {"json_body": body}), **options)
    assert answer.status == status, answer.body
    return answer.json()


def reason_of(answer: Response) -> str:
    return str(answer.json()["details"][0]["reason"])


def policy(permission_group: str = OBJECTS, resource_group: str = EVERYTHING, **more: Any) -> dict[str, Any]:
    usual = {"access": "ACCESS_ALLOW", "permissionGroups": [permission_group], "resourceGroups": [resource_group]}
    return {**usual, **more}


def issue(platform: RunningPlatform, *policies: dict[str, Any], token: str | None = None, **fields: Any) -> Any:
    """A new API token, by whoever has this token: the answer."""
    path = f"{ACCOUNT}/apiTokens?apiTokenId=t{next(_numbers)}"
    body = {"policies": [*(policies or (policy(),))], **fields}
    return rest(platform, "POST", path, body, token=token or platform.token)


def member(platform: RunningPlatform, name: str, *permissions: str) -> str:
    """A member with a policy of that name, which gives her these permissions on everything; her token."""
    principal = f"{ACCOUNT}/principals/{name}"
    body = {"memberId": name, "member": {"principal": principal}}
    code = rest(platform, "POST", f"{ACCOUNT}/members:invite", body)["invitationCode"]
    token = new_token(keyring_of(platform), principal)
    rest(platform, "POST", f"{ACCOUNT}/members:accept", {"invitationCode": code}, token=token)
    group = f"{ACCOUNT}/permissionGroups?permissionGroupId={name}"
    rest(platform, "POST", group, {"permissions": permissions})
    given = policy(f"{ACCOUNT}/permissionGroups/{name}", principals=[f"{ACCOUNT}/members/{name}"])
    rest(platform, "POST", f"{ACCOUNT}/policies?policyId={name}", given)
    return token


def gets(platform: RunningPlatform, secret: str, bucket: str = "photos", **options: Any) -> Response:
    """Asks for a bucket at the web door, by the secret alone."""
    path = f"/v1/{ACCOUNT}/buckets/{bucket}"
    given = {"authority": platform.authority, "certificate": None, "token": secret, **options}
    return clients.http(platform.web_address, "GET", path, **given)


def test_the_secret_is_a_bearer_token_at_both_doors_and_for_every_kind_of_client(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    secret = issue(platform, policy(resource_group=f"{ACCOUNT}/resourceGroups/photos"))["secret"]
    assert gets(platform, secret).status == 200
    assert gets(platform, secret, "logs").status == 403
    path = f"/v1/{ACCOUNT}/buckets/photos"
    assert platform.http("GET", path, token=secret).status == 200
    assert platform.http("GET", path, token=None, headers={"authorization": f"bearer {secret}"}).status == 200
    shown = platform.http("GET", f"/v1/{ACCOUNT}/buckets", token=secret).json()["buckets"]
    assert [bucket["name"] for bucket in shown] == [f"{ACCOUNT}/buckets/photos"], "a list shows what it may see"
    for name in ("ca.pem", "client.pem", "client.key"):
        (tmp_path / name).write_bytes((platform.profile / name).read_bytes())
    (tmp_path / "token").write_text(secret)
    question = f'-d={{"parent": "{ACCOUNT}"}}', "portico.objects.v1.BucketService/ListBuckets"
    listed = clients.grpcurl(platform.address, tmp_path, question)
    assert [bucket["name"] for bucket in json.loads(listed.stdout)["buckets"]] == [f"{ACCOUNT}/buckets/photos"]


def test_it_is_good_in_its_account_alone_and_gets_nothing_from_the_policy_file(platform: RunningPlatform) -> None:
    secret = issue(platform)["secret"]
    assert platform.http("GET", f"/v1/{ACCOUNT}/requestEvents").status == 200
    assert platform.http("GET", f"/v1/{ACCOUNT}/requestEvents", token=secret).json().get("requestEvents", []) == []
    rest(platform, "POST", f"{ACCOUNT}/accounts?accountId=other", {"displayName": "another"})
    assert platform.http("GET", "/v1/accounts/other/buckets", token=secret).json().get("buckets", []) == []
    refused = platform.http("POST", "/v1/accounts/other/buckets?bucketId=b", token=secret, json_body={})
    assert (refused.status, reason_of(refused)) == (403, "PERMISSION_DENIED")


def test_what_asks_for_more_than_its_issuer_has_is_refused_by_name(platform: RunningPlatform) -> None:
    ada = member(platform, "ada", "objects.*", "access.api_token.*", "access.access_key.*")
    path = f"/v1/{ACCOUNT}/apiTokens?apiTokenId=more"
    answer = platform.http("POST", path, token=ada, json_body={"policies": [policy(), policy(SUPER)]})
    assert (answer.status, reason_of(answer)) == (403, "GRANTS_MORE_THAN_HELD")
    assert "api_token.policies[1]" in answer.json()["message"]
    secret = issue(platform, policy(f"{ACCOUNT}/permissionGroups/ada"), token=ada)["secret"]
    for further, body in (("apiTokens?apiTokenId=further", {"policies": [policy()]}), ("accessKeys", {})):
        answer = platform.http("POST", f"/v1/{ACCOUNT}/{further}", token=secret, json_body=body)
        assert (answer.status, reason_of(answer)) == (403, "GRANTS_MORE_THAN_HELD"), further


def test_it_shrinks_with_its_issuer_at_once_and_dies_with_him(platform: RunningPlatform) -> None:
    grace = member(platform, "grace", "objects.*", "access.api_token.create")
    secret = issue(platform, token=grace)["secret"]
    assert [gets(platform, secret, bucket).status for bucket in ("photos", "logs")] == [200, 200]
    less = {"resourceGroups": [f"{ACCOUNT}/resourceGroups/logs"]}
    rest(platform, "PATCH", f"{ACCOUNT}/policies/grace?updateMask=resourceGroups", less)
    assert [gets(platform, secret, bucket).status for bucket in ("photos", "logs")] == [403, 200]
    rest(platform, "DELETE", f"{ACCOUNT}/members/grace")
    answer = gets(platform, secret, "logs")
    assert (answer.status, reason_of(answer)) == (401, "TOKEN_UNKNOWN")


@pytest.mark.parametrize("end", ["deleted", "rolled"])
def test_one_that_is_no_more_is_refused_on_open_connections_and_in_open_streams(
    platform: RunningPlatform, end: str
) -> None:
    made = issue(platform, policy(SUPER))
    name, secret = made["apiToken"]["name"], made["secret"]
    with platform.channel(token=secret) as channel:
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        endless = testing_pb2.ServerStreamRequest(name=f"{ACCOUNT}/tests/t", sizes_bytes=[1] * 1000, delay_millis=200)
        watching, talking = stub.ServerStream(endless, timeout=4 * SECONDS), Stream(channel)
        next(watching)
        assert talking.echo()
        lists_buckets(channel)()
        if end == "deleted":
            rest(platform, "DELETE", name)
        else:
            rolled = rest(platform, "POST", f"{name}:roll", {})["secret"]
            assert gets(platform, rolled).status == 200
        assert refusal(lists_buckets(channel)) == UNKNOWN
        assert refusal(talking.echo) == REVOKED
        assert refusal(lambda: list(watching)) == REVOKED


def test_times_and_networks_bound_it(platform: RunningPlatform) -> None:
    in_an_hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    later = issue(platform, notBeforeTime=in_an_hour)["secret"]
    elsewhere = issue(platform, sourceCidrs=["203.0.113.0/24"])["secret"]
    here = issue(platform, sourceCidrs=["127.0.0.0/8"])["secret"]
    found = [(answer.status, reason_of(answer)) for answer in (gets(platform, later), gets(platform, elsewhere))]
    assert found == [(401, "TOKEN_NOT_YET_VALID"), (401, "TOKEN_ADDRESS_REFUSED")]
    answer = gets(platform, here)
    assert answer.status == 200, answer.body
    forged = gets(platform, elsewhere, headers={"x-forwarded-for": "203.0.113.7"})
    assert forged.status == 401, "the address is the connection's own"


def test_it_is_revoked_like_any_token_by_its_id_and_with_all_of_its_principal(platform: RunningPlatform) -> None:
    kay = member(platform, "kay", "objects.*", "access.api_token.create")
    first, second = issue(platform, token=kay), issue(platform, token=kay)
    body = {"tokenId": first["apiToken"]["tokenId"]}
    rest(platform, "POST", f"{ACCOUNT}/tokens:revoke", body)
    assert [gets(platform, made["secret"]).status for made in (first, second)] == [401, 200]
    rest(platform, "POST", f"{ACCOUNT}/principals/kay:revokeTokens", {})
    assert gets(platform, second["secret"]).status == 401


def test_introspection_tells_whose_it_is_as_long_as_it_is_good(platform: RunningPlatform) -> None:
    made = issue(platform, sourceCidrs=["203.0.113.0/24"])
    name = made["apiToken"]["name"]

    def introspect() -> Any:
        form = urlencode({"token": made["secret"]}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return platform.http("POST", "/oauth2/introspect", body=form, headers=headers).json()

    told = introspect()  # by a resource server, which is somewhere else than the bearer
    assert (told["active"], told["token_type"], told["client_id"]) == (True, "Bearer", name)
    assert (told["sub"], told["jti"]) == (f"{ACCOUNT}/principals/admin", made["apiToken"]["tokenId"])
    assert "lastUseTime" not in rest(platform, "GET", name)["apiToken"], "to be asked about is no use"
    rest(platform, "DELETE", name)
    assert introspect() == {"active": False}


def test_when_it_was_used_is_told_and_its_secret_stands_nowhere(platform: RunningPlatform) -> None:
    made = issue(platform)
    name, secret = made["apiToken"]["name"], made["secret"]
    assert "lastUseTime" not in rest(platform, "GET", name)["apiToken"]
    for token in (secret, f"{secret}x"):
        gets(platform, token)
        platform.http("GET", f"/v1/{ACCOUNT}/buckets/photos", token=token)
    wait_until(lambda: "lastUseTime" in rest(platform, "GET", name)["apiToken"], "its use is told")
    events = rest(platform, "GET", f"{ACCOUNT}/requestEvents?pageSize=1000")
    assert secret not in json.dumps(events)
    random_part = secret.rpartition(".")[2].encode()
    assert len(random_part) == 43
    files = [path for path in platform.data.rglob("*") if path.is_file()]
    assert [path for path in files if random_part in path.read_bytes()] == []


@pytest.mark.parametrize("token", ["portico_token_", "portico_token_x.y", "portico_token_t1." + "A" * 43, "x.y", "ä"])
def test_what_is_none_is_refused(platform: RunningPlatform, token: str) -> None:
    header = {"authorization": f"Bearer {token}".encode().decode("latin-1")}
    answer = gets(platform, "", token=None, headers=header)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert reason_of(answer) in ("TOKEN_UNKNOWN", "TOKEN_MALFORMED")
