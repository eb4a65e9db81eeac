"""Members reach the S3 door as docs/s3.md says: by profiles of their own, keys of their own, and no role for that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.e2e.calls import ACCOUNT, unique
from tests.harness import RunningPlatform
from tests.harness.people import Person

SCRIPT = """
import boto3, sys
s3 = boto3.client("s3")
s3.put_object(Bucket=sys.argv[1], Key="hello", Body=b"hello")
print(s3.get_object(Bucket=sys.argv[1], Key="hello")["Body"].read().decode())
"""


@pytest.fixture
def admin(s3_platform: RunningPlatform) -> Person:
    return Person(s3_platform, s3_platform.profile)


@pytest.fixture
def photos(admin: Person) -> str:
    """A bucket, and a resource group of its name."""
    name = unique("photos")
    admin.portico("objects", "mb", f"portico://{name}")
    given = json.dumps({"objects": [f"{ACCOUNT}/buckets/{name}"]})
    admin.portico("access", "create", "resource-groups", name, given)
    return name


@pytest.fixture
def ada(admin: Person, photos: str, tmp_path: Path) -> Iterator[Person]:
    """A member with the role `objects` on one bucket, who has accepted; her profile is one of `portico cert create`."""
    name = unique("ada")
    told = admin.portico("access", "invite", name, "--principal", name, "--role", "objects", "--on", photos, "--yes")
    person = admin.with_profile_for(name, tmp_path / name)
    person.portico("access", "accept", told.split()[-1])
    yield person
    admin.portico("access", "remove", name, "--yes")


def variables(person: Person) -> dict[str, str]:
    found: dict[str, str] = json.loads(person.portico("env", "--s3", "--output", "json"))
    return found


def client(found: dict[str, str]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=found["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
        region_name=found["AWS_REGION"],
        verify=found["AWS_CA_BUNDLE"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_an_invited_member_uses_boto3_by_what_env_prints(ada: Person, photos: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PORTICO_PROFILE_DIR": str(ada.profile)}
    command = f'eval "$({sys.executable} -P -m portico_cli.main env --s3)" && exec {sys.executable} -P - {photos}'
    done = subprocess.run(
        ["sh", "-c", command], input=SCRIPT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "hello\n", done.stderr
    assert ada.portico("objects", "presign", f"portico://{photos}/hello").startswith("https://")


def test_her_key_does_what_she_may_do_and_no_more(ada: Person, admin: Person, photos: str) -> None:
    other = unique("logs")
    admin.portico("objects", "mb", f"portico://{other}")
    with pytest.raises(ClientError) as refused:
        client(variables(ada)).put_object(Bucket=other, Key="k", Body=b"x")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_she_sees_and_deletes_her_own_keys_and_nobody_elses(ada: Person, admin: Person) -> None:
    theirs = variables(admin)["AWS_ACCESS_KEY_ID"]
    own = variables(ada)["AWS_ACCESS_KEY_ID"]
    listed = json.loads(ada.portico("access", "list", "keys", "--output", "json"))
    assert [key["name"] for key in listed] == [f"{ACCOUNT}/accessKeys/{own}"]
    assert own in ada.portico("access", "show", "keys", own)
    ada.portico("access", "show", "keys", theirs, code=3)
    ada.portico("access", "delete", "keys", theirs, code=4)
    assert {own, theirs} <= {
        key["name"].rpartition("/")[2]
        for key in json.loads(admin.portico("access", "list", "keys", "--output", "json"))
    }
    ada.portico("access", "delete", "keys", own)
    assert json.loads(ada.portico("access", "list", "keys", "--output", "json")) == []
    assert variables(ada)["AWS_ACCESS_KEY_ID"] != own, "another one is made in its place"


def test_whom_a_policy_denies_it_makes_no_keys(ada: Person, admin: Person) -> None:
    name = ada.profile.name
    admin.portico("access", "create", "permission-groups", name, '{"permissions": ["access.access_key.*"]}')
    admin.portico("access", "grant", name, name, "--on", "everything", "--deny")
    told = ada.portico("env", "--s3", code=4)
    assert "needs the permission access.access_key.create" in told
    admin.portico("access", "delete", "policies", f"{name}-{name}")


def test_a_stranger_makes_none(admin: Person, tmp_path: Path) -> None:
    name = unique("eve")
    admin.portico("access", "create", "service-accounts", name)
    eve = admin.with_profile_for(name, tmp_path / name)
    token = (eve.profile / "token").read_text()
    admin.portico("access", "delete", "service-accounts", name)
    answer = admin.platform.http("POST", f"/v1/{ACCOUNT}/accessKeys", json_body={}, token=token)
    assert (answer.status, answer.json()["details"][0]["reason"]) == (403, "PERMISSION_DENIED")


def test_nobody_makes_a_key_for_somebody_else(ada: Person, admin: Person) -> None:
    principal = f"{ACCOUNT}/principals/{ada.profile.name}"
    answer = admin.platform.http("POST", f"/v1/{ACCOUNT}/accessKeys", json_body={"principal": principal})
    assert answer.status == 400
    assert "an access key is its maker's" in answer.json()["message"]


def test_profiles_say_where_the_s3_door_is(
    admin: Person, ada: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = admin.platform.s3_address
    assert settings_of(ada.profile)["s3_address"] == door
    assert settings_of(ada.profile)["web_address"] == admin.platform.web_address
    service_account = unique("robot")
    admin.portico("access", "create", "service-accounts", service_account)
    secret = admin.portico("access", "secret", service_account).splitlines()[1]
    robot = ("--client-id", f"{ACCOUNT}/serviceAccounts/{service_account}")
    elsewhere = ("--address", admin.platform.web_address, "--authority", str(admin.profile / "ca.pem"))
    for name, more in (("here", ()), ("far", elsewhere)):
        folder = tmp_path / name
        admin.portico("login", f"{folder}", *robot, *more, given=secret)
        assert settings_of(folder)["s3_address"] == door, name
        assert client(variables(Person(admin.platform, folder))).list_buckets()["Buckets"] == []


def test_a_profile_of_before_asks_the_platform(ada: Person, photos: str) -> None:
    file = ada.profile / "profile.toml"
    file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith("s3_")))
    assert "s3_address" not in settings_of(ada.profile)
    assert variables(ada)["AWS_ENDPOINT_URL_S3"] == f"https://{ada.platform.s3_address}"
    assert f"https://{ada.platform.s3_address}/" in ada.portico("objects", "presign", f"portico://{photos}/hello")


def settings_of(profile: Path) -> dict[str, Any]:
    return tomllib.loads((profile / "profile.toml").read_text())
