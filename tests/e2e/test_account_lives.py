"""Accounts from their making to their end: nobody gets what another one left, or what is the platform's own; and an
operator gets in again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import RunningPlatform, running_platform
from tests.harness.waiting import wait_until

DEFAULT = "accounts/default"
ADMIN = f"{DEFAULT}/principals/admin"
FIRST_POLICY = f"{DEFAULT}/policies/super-administrator"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("lives")) as running:
        yield running


def rest(platform: RunningPlatform, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = platform.http(method, f"/v1/{path}", **({} if body is None else {"json_body": body}))
    assert answer.status == status, answer.json()
    return answer.json()


def reason(answer: Any) -> str:
    return next(detail["reason"] for detail in answer["details"] if "reason" in detail)


def test_an_account_is_not_deleted_while_products_keep_something_of_it(platform: RunningPlatform) -> None:
    rest(platform, "POST", f"{DEFAULT}/accounts?accountId=acme", {})
    rest(platform, "POST", "accounts/acme/buckets?bucketId=secrets-of-acme", {})
    rest(platform, "POST", "accounts/acme/zones?zoneId=acme.example", {})
    refused = rest(platform, "DELETE", "accounts/acme", status=400)
    assert reason(refused) == "ACCOUNT_NOT_EMPTY"
    assert "accounts/acme/buckets" in refused["message"]
    assert "accounts/acme/zones" in refused["message"]
    rest(platform, "DELETE", "accounts/acme/buckets/secrets-of-acme")
    rest(platform, "DELETE", "accounts/acme/zones/acme.example")
    rest(platform, "DELETE", "accounts/acme")
    again = rest(platform, "POST", f"{DEFAULT}/accounts?accountId=acme", {}, status=409)
    assert "was deleted" in again["message"]


def test_the_platforms_own_account_is_nobodys_and_no_token_names_it(platform: RunningPlatform) -> None:
    rest(platform, "POST", f"{DEFAULT}/accounts?accountId=portico", {}, status=400)
    refused = rest(platform, "POST", "tokens", {"subject": "accounts/portico/principals/objects"}, status=400)
    assert reason(refused) == "INVALID_NAME"


def test_by_the_operators_file_a_super_administrator_is_brought_back(platform: RunningPlatform) -> None:
    invited = rest(platform, "POST", f"{DEFAULT}/members:invite", {"memberId": "eve"})
    eve = rest(platform, "POST", "tokens", {"subject": f"{DEFAULT}/principals/eve"})["token"]
    accepted = platform.http(
        "POST", f"/v1/{DEFAULT}/members:accept", token=eve, json_body={"invitationCode": invited["invitationCode"]}
    )
    assert accepted.status == 200
    only_eve = {"principals": [f"{DEFAULT}/members/eve"]}
    rest(platform, "PATCH", f"{FIRST_POLICY}?updateMask=principals", only_eve)
    both = {"principals": [f"{DEFAULT}/members/eve", f"{DEFAULT}/members/admin"]}
    rest(platform, "PATCH", f"{FIRST_POLICY}?updateMask=principals", both, status=403)
    binding = f'[[bindings]]\nprincipals = ["{ADMIN}"]\npermissions = ["*"]\nresources = ["{DEFAULT}"]\n'
    platform.policy_file.write_bytes(platform.policy + binding.encode())

    def brought_back() -> bool:
        answer = platform.http("PATCH", f"/v1/{FIRST_POLICY}?updateMask=principals", json_body=both)
        return answer.status == 200

    wait_until(brought_back, "the administrator is one again")
