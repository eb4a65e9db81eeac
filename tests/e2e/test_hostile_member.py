"""A member of one domain who tries to get at others: by paths, names, batches, tokens, and by being quick."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from portico.dns.v1 import zones_pb2, zones_pb2_grpc
from tests.e2e.calls import failure_of
from tests.e2e.test_limits import token_of
from tests.harness import Response, RunningPlatform, clients, running_platform

ACCOUNT = "accounts/default"
OWN, OTHER = f"{ACCOUNT}/zones/example.com", f"{ACCOUNT}/zones/example.org"
GROUPS, ROLES = f"{ACCOUNT}/resourceGroups", f"{ACCOUNT}/permissionGroups"
SECRET = "nobody-else-reads-this"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """Two zones; Eve has the DNS role on one of them."""
    with running_platform(tmp_path_factory.mktemp("hostile")) as running:
        for zone in (OWN, OTHER):
            domain = zone.rpartition("/")[2]
            rest(running, "POST", f"{ACCOUNT}/zones?zoneId={domain}", {"description": SECRET})
            rest(running, "POST", f"{zone}/records", {"domainName": domain, "txt": SECRET})
        rest(running, "POST", f"{GROUPS}?resourceGroupId=own", {"objects": [OWN]})
        join(running, "eve")
        rest(running, "POST", f"{ACCOUNT}/policies?policyId=eve", policy("eve", "dns", "own"))
        yield running


def rest(platform: RunningPlatform, method: str, path: str, body: Any = None) -> Any:
    """The administrator's call, which succeeds."""
    answer = platform.http(method, f"/v1/{path}", **({} if body is None else {"json_body": body}))
    assert answer.status == 200, answer.body
    return answer.json()


def join(platform: RunningPlatform, member: str) -> None:
    principal = f"{ACCOUNT}/principals/{member}"
    body = {"memberId": member, "member": {"principal": principal}}
    code = rest(platform, "POST", f"{ACCOUNT}/members:invite", body)["invitationCode"]
    accept = {"invitationCode": code}
    answer = platform.http("POST", f"/v1/{ACCOUNT}/members:accept", token=token_of(platform, member), json_body=accept)
    assert answer.status == 200, answer.body


def policy(member: str, role: str, group: str, access: str = "ACCESS_ALLOW") -> dict[str, Any]:
    return {
        "access": access,
        "permissionGroups": [f"{ROLES}/{role}"],
        "resourceGroups": [f"{GROUPS}/{group}"],
        "principals": [f"{ACCOUNT}/members/{member}"],
    }


@pytest.fixture(scope="module")
def eve(platform: RunningPlatform) -> str:
    return token_of(platform, "eve")


def record_id(platform: RunningPlatform, zone: str) -> str:
    return str(rest(platform, "GET", f"{zone}/records")["records"][0]["name"].rpartition("/")[2])


PATHS = [
    "zones/example.com/../example.org",
    "zones/example.com/%2e%2e/example.org",
    "zones/example.com/..%2fexample.org",
    "zones/example.com%2F..%2Fexample.org",
    "zones/example.com%5C..%5Cexample.org",
    "zones//example.org",
    "./zones/example.org",
    "../default/zones/example.org",
    "zones/example.org/",
    "zones/example.org%2F",
    "zones/example.org.",
    "zones/EXAMPLE.ORG",
    "zones/%65xample.org",
    "zones/%2565xample.org",
    "zones/example.org%00",
    "zones/example.org%0A",
    "zones/example.org%20",
    "zones/example.org;a=b",
    "zones/example.org?name=accounts/default/zones/example.com",
    "zones/example.com?name=accounts/default/zones/example.org",
    "zones/example.com?name=accounts/default/zones/example.com&name=accounts/default/zones/example.org",
    "zones/example.com/zones/example.org",
    "zones/%D0%B5xample.org",  # a Cyrillic letter
    "zones/%EF%BD%85xample.org",  # a wide one
    "zones/ex%C3%A4mple.org",
    "zones/%C0%AE%C0%AE/example.org",  # overlong dots: no UTF-8
    "zones/*",
    "zones/%2A",
    "zones/*.org",
    f"zones/{'a' * 3000}",
    "zones/example.org:exportZoneFile",
    "zones/example.org%3AexportZoneFile",
    "zones/example.com%2F..%2Fexample.org:exportZoneFile",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:60])
def test_no_way_of_writing_a_path_leads_to_another_zone(platform: RunningPlatform, eve: str, path: str) -> None:
    for prefix in (f"/v1/{ACCOUNT}/", f"/v1/{ACCOUNT}/%2e%2e/default/", f"/V1/{ACCOUNT}/"):
        answer = platform.http("GET", prefix + path, token=eve)
        assert answer.status in (400, 403, 404, 414), answer.body
        assert SECRET.encode() not in answer.body


def test_no_name_in_a_message_leads_to_another_zone(platform: RunningPlatform, eve: str) -> None:
    names = [OTHER, f"{OWN}/../example.org", f"{OTHER}/", f"{OTHER}.", OTHER.upper(), f"{OWN}\0", f"{OTHER}\n", "*"]
    names += [f"{ACCOUNT}/zones/*", f"{ACCOUNT}//zones/example.org", f"/{OTHER}", f"{OWN}%2F..%2Fexample.org", ""]
    names += [f"{ACCOUNT}/zones/\u0435xample.org", f"{OWN}/zones/example.org", "accounts/DEFAULT/zones/example.org"]
    refused = (
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
    )
    with platform.channel(token=eve) as channel:
        stub = zones_pb2_grpc.ZoneServiceStub(channel)
        assert stub.GetZone(zones_pb2.GetZoneRequest(name=OWN), timeout=30).zone.description == SECRET
        for name in names:
            request = zones_pb2.GetZoneRequest(name=name)
            assert failure_of(lambda request=request: stub.GetZone(request, timeout=30)).code in refused, name


def test_another_zones_record_is_reached_neither_by_its_own_zones_name_nor_in_a_batch(
    platform: RunningPlatform, eve: str
) -> None:
    other = f"{OTHER}/records/{record_id(platform, OTHER)}"
    borrowed = other.replace(OTHER, OWN)
    assert platform.http("GET", f"/v1/{borrowed}", token=eve).status == 404
    assert platform.http("GET", f"/v1/{other}", token=eve).status == 403
    for name in (other, borrowed, f"{OWN}/records/../../example.org/records/{other[-32:]}"):
        for change in ({"deletes": [{"name": name}]}, {"updates": [{"record": {"name": name, "comment": "mine"}}]}):
            answer = platform.http("POST", f"/v1/{OWN}/records:batchUpdate", token=eve, json_body=change)
            assert answer.status in (400, 404), answer.body
    assert rest(platform, "GET", other)["record"]["txt"] == SECRET


def test_what_is_denied_on_one_record_is_denied_by_whichever_method(platform: RunningPlatform, eve: str) -> None:
    made = rest(platform, "POST", f"{OWN}/records", {"domainName": "closed.example.com", "txt": "closed"})["record"]
    rest(platform, "POST", f"{GROUPS}?resourceGroupId=closed", {"objects": [made["name"]]})
    deny = policy("eve", "dns", "closed", "ACCESS_DENY")
    rest(platform, "POST", f"{ACCOUNT}/policies?policyId=closed", deny)

    def post(method: str, body: Any) -> Response:
        return platform.http("POST", f"/v1/{OWN}{method}", token=eve, json_body=body)

    assert platform.http("DELETE", f"/v1/{made['name']}", token=eve).status == 403
    assert post("/records:batchUpdate", {"deletes": [{"name": made["name"]}]}).status == 403
    replaced = {"zoneFile": "www A 192.0.2.1\n", "mode": "IMPORT_MODE_REPLACE"}
    assert post(":importZoneFile", replaced).status == 403
    assert platform.http("GET", f"/v1/{OWN}:exportZoneFile", token=eve).status == 403
    shown = platform.http("GET", f"/v1/{OWN}/records", token=eve).json()["records"]
    assert made["name"] not in [record["name"] for record in shown]
    rest(platform, "DELETE", f"{ACCOUNT}/policies/closed")
    assert post("/records:batchUpdate", {"deletes": [{"name": made["name"]}]}).status == 200


def test_an_api_token_that_writes_policies_is_not_worth_its_issuer(platform: RunningPlatform) -> None:
    rest(platform, "POST", f"{ROLES}?permissionGroupId=writes", {"permissions": ["access.policy.*"]})
    part = {
        "access": "ACCESS_ALLOW",
        "permissionGroups": [f"{ROLES}/writes"],
        "resourceGroups": [f"{GROUPS}/everything"],
    }
    token = rest(platform, "POST", f"{ACCOUNT}/apiTokens?apiTokenId=writes", {"policies": [part]})["secret"]
    for number, role in enumerate(("super-administrator", "dns")):
        answer = platform.http(
            "POST",
            f"/v1/{ACCOUNT}/policies?policyId=more-{number}",
            token=token,
            json_body=policy("eve", role, "everything"),
        )
        assert answer.status == 403, answer.body
        assert answer.json()["details"][0]["reason"] == "GRANTS_MORE_THAN_HELD"
    given = platform.http(
        "POST",
        f"/v1/{ACCOUNT}/policies?policyId=same",
        token=token,
        json_body=policy("eve", "writes", "everything"),
    )
    assert given.status == 200, given.body
    rest(platform, "DELETE", f"{ACCOUNT}/policies/same")


def test_no_call_that_begins_behind_the_answer_to_a_removal_is_let_through(platform: RunningPlatform) -> None:
    """However many are on their way, and though the one who is removed does not stop calling."""
    rest(platform, "GET", OWN)
    for round_number in range(2):
        member = f"quick-{round_number}"
        join(platform, member)
        rest(platform, "POST", f"{ACCOUNT}/policies?policyId={member}", policy(member, "dns", "own"))
        token = token_of(platform, member)
        ended, let_in = threading.Event(), threading.Event()

        def call(token: str = token, ended: threading.Event = ended, seen: threading.Event = let_in) -> list[float]:
            """When the calls began that were let through."""
            found = []
            while not ended.is_set():
                began = time.monotonic()
                if platform.http("GET", f"/v1/{OWN}", token=token).status == 200:
                    found.append(began)
                    seen.set()
            return found

        with ThreadPoolExecutor(3) as pool:
            calling = [pool.submit(call) for _ in range(3)]
            try:
                assert let_in.wait(30)
                rest(platform, "DELETE", f"{ACCOUNT}/members/{member}")
                answered = time.monotonic()
                for _ in range(5):
                    assert platform.http("GET", f"/v1/{OWN}", token=token).status == 403
            finally:
                ended.set()
            let_through = [began for each in calling for began in each.result(timeout=60)]
        assert let_through
        assert max(let_through) <= answered


CLAIMS_OF_RFC_7515 = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
OF_THE_STANDARDS = {
    "RFC 7515, A.1": f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS_OF_RFC_7515}."
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "RFC 7515, A.3": f"eyJhbGciOiJFUzI1NiJ9.{CLAIMS_OF_RFC_7515}."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    "RFC 7515, A.5": f"eyJhbGciOiJub25lIn0.{CLAIMS_OF_RFC_7515}.",
    "RFC 8037, A.4": "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
}
"""Tokens that verify under keys which everybody knows."""


@pytest.mark.parametrize("example", OF_THE_STANDARDS)
def test_tokens_of_the_standards_examples_let_nobody_in(platform: RunningPlatform, example: str) -> None:
    answer = platform.http("GET", f"/v1/{OWN}", token=OF_THE_STANDARDS[example])
    assert answer.status == 401, answer.body
    assert json.loads(answer.body)["details"][0]["reason"]


@pytest.mark.parametrize("path", ["/x%FF", "/%C0%AE%C0%AE/etc/passwd", "/v1/%ff/zones", "/%zz", "/caf%C3%A9", "/%"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_that_is_no_text_is_answered_and_holds_nothing_up(
    platform: RunningPlatform, method: str, path: str
) -> None:
    answer = platform.http(method, path)
    assert answer.status in (400, 404), answer.body
    assert json.loads(answer.body)["code"] in (3, 5)
    stranger = clients.http(
        platform.web_address, method, path, authority=platform.authority, certificate=None, token=None
    )
    assert stranger.status in (400, 404), stranger.body
