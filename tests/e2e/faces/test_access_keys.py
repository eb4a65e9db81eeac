"""Access keys at a face's door, in another process than the one that keeps them: they sign while they are there."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.e2e.calls import ACCOUNT, ADMIN
from tests.e2e.faces.door import FACED, connect
from tests.e2e.revoking import keyring_of, new_token
from tests.harness import Response, RunningPlatform, running_platform
from tests.harness.clients import http
from tests.harness.layouts import layout_settings
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.layouts("one", reason="it says itself how its platform is spread")

CONNECTIONS = 12
"""So many that each of three fronts has one, nearly always; the test holds with fewer, too."""


@pytest.fixture(scope="module", params=["apart", "workers"])
def platform(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """`apart`: the face's product in a process of its own; `workers`: in three fronts, on PostgreSQL."""
    with contextlib.ExitStack() as stack:
        spread: dict[str, Any] = {"processes": ("testing",)}
        if request.param == "workers":
            spread = stack.enter_context(layout_settings("workers"))
        folder = tmp_path_factory.mktemp(f"keys-{request.param}")
        yield stack.enter_context(running_platform(folder, **{**FACED, **spread}))


class Key:
    """An access key of the account, made by whoever has the token."""

    def __init__(self, platform: RunningPlatform, token: str | None = None) -> None:
        self.platform = platform
        made = rest(platform, "POST", f"{ACCOUNT}/accessKeys", {"displayName": "test"}, token=token or platform.token)
        self.name: str = made["accessKey"]["name"]
        self.credentials = Credentials(self.name.rpartition("/")[2], made["secretAccessKey"])

    def headers(self, path: str, verb: str = "GET") -> dict[str, str]:
        """Of a signed request."""
        request = AWSRequest(verb, f"https://{self.platform.s3_address}{path}")
        if verb == "PUT":
            request.headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
        S3SigV4Auth(self.credentials, "s3", "auto").add_auth(request)
        return dict(request.headers.items())

    def ask(self, path: str = "/unary?text=hello") -> Response:
        nothing: dict[str, Any] = {"certificate": None, "token": None, "headers": self.headers(path)}
        return http(self.platform.s3_address, "GET", path, authority=self.platform.authority, **nothing)

    def answers(self) -> set[tuple[int, str]]:
        """Of requests over connections of their own."""
        return {(answer.status, code_of(answer)) for answer in (self.ask() for _ in range(CONNECTIONS))}

    def begin_upload(self) -> ssl.SSLSocket:
        """The head and some of the body of a request, which the platform waits for the rest of."""
        connection = connect(self.platform)
        signed = {"host": self.platform.s3_address, **self.headers("/upload", "PUT")}
        lines = ["PUT /upload HTTP/1.1", *(f"{name}: {value}" for name, value in signed.items())]
        connection.sendall("\r\n".join([*lines, "content-length: 1000", "", "some"]).encode())
        return connection

    def kept(self) -> Any:
        return rest(self.platform, "GET", self.name)["accessKey"]

    def delete(self) -> None:
        rest(self.platform, "DELETE", self.name)


GOOD = {(200, "hello")}
UNKNOWN = {(401, "INVALID_ACCESS_KEY_ID")}


def code_of(answer: Response) -> str:
    text = answer.body.decode()
    return text.partition("<Code>")[2].partition("</Code>")[0] or text


def rest(platform: RunningPlatform, method: str, path: str, body: Any = None, **options: Any) -> Any:
    answer = platform.http(method, f"/v1/{path}", **({} if body is None else {"json_body": body}), **options)
    assert answer.status == 200, answer.body
    return answer.json()


def test_a_key_signs_in_every_process_until_its_deletion_was_answered(platform: RunningPlatform) -> None:
    key = Key(platform)
    assert key.answers() == GOOD
    key.delete()
    assert key.answers() == UNKNOWN


def test_a_request_that_goes_on_is_cut_when_its_key_is_deleted(platform: RunningPlatform) -> None:
    key = Key(platform)
    with key.begin_upload() as connection:
        wait_until(lambda: "lastUseTime" in key.kept(), "the use of the key is noted")
        key.delete()
        answered = connection.recv(65536)
    assert answered.startswith(b"HTTP/1.1 401"), answered
    assert b"TOKEN_REVOKED" in answered


def test_a_key_of_who_left_the_account_is_nobodys(platform: RunningPlatform) -> None:
    principal = f"{ACCOUNT}/principals/ada"
    body = {"memberId": "ada", "member": {"principal": principal}}
    code = rest(platform, "POST", f"{ACCOUNT}/members:invite", body)["invitationCode"]
    token = new_token(keyring_of(platform), principal)
    rest(platform, "POST", f"{ACCOUNT}/members:accept", {"invitationCode": code}, token=token)
    super_administrator = {
        "access": "ACCESS_ALLOW",
        "permissionGroups": [f"{ACCOUNT}/permissionGroups/super-administrator"],
        "resourceGroups": [f"{ACCOUNT}/resourceGroups/everything"],
        "principals": [f"{ACCOUNT}/members/ada"],
    }
    rest(platform, "POST", f"{ACCOUNT}/policies?policyId=ada", super_administrator)
    key = Key(platform, token)
    assert key.answers() == GOOD
    rest(platform, "DELETE", f"{ACCOUNT}/policies/ada")
    assert key.answers() == {(403, "PERMISSION_DENIED")}, "it can do what its principal can do"
    rest(platform, "DELETE", f"{ACCOUNT}/members/ada")
    assert key.answers() == UNKNOWN


def test_who_signs_wrongly_is_nobody(platform: RunningPlatform) -> None:
    key = Key(platform)
    key.credentials = Credentials(key.credentials.access_key, "another secret")
    assert key.answers() == {(401, "SIGNATURE_DOES_NOT_MATCH")}


def test_the_printed_environment_has_a_key_that_signs_and_whom_to_trust(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    found = variables(platform, tmp_path)
    assert found["AWS_ENDPOINT_URL_S3"] == f"https://{platform.s3_address}"
    assert "AWS_SESSION_TOKEN" not in found, "another one's is in the way"
    key = Key(platform)
    key.credentials = Credentials(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"])
    trusted = {"authority": Path(found["AWS_CA_BUNDLE"]).read_bytes(), "certificate": None, "token": None}
    headers = key.headers("/unary?text=hello")
    assert http(platform.s3_address, "GET", "/unary?text=hello", headers=headers, **trusted).body == b"hello"
    assert variables(platform, tmp_path) == found, "the profile keeps the key"


def variables(platform: RunningPlatform, home: Path) -> dict[str, str]:
    """Those of a shell that has evaluated what `portico env --s3` prints."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_SESSION_TOKEN": "another"}
    environment["PORTICO_PROFILE_DIR"] = str(platform.profile)
    command = f'eval "$({sys.executable} -P -m portico_cli.main env --s3)" && env -0'
    done = subprocess.run(
        ["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)


def test_it_signs_as_who_has_made_it(platform: RunningPlatform) -> None:
    assert Key(platform).kept()["principal"] == ADMIN
