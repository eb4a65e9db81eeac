"""What callers are judged by changes under load: keys, certificates, policy. No call fails; a change holds at once."""

from __future__ import annotations

import base64
import contextlib
import json
import signal
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import grpc
import pytest
from cryptography import x509

from portico import connect
from portico.gateway.v1 import credentials_pb2, credentials_pb2_grpc
from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc
from portico_cli.main import run as portico
from portico_server.host.supervisor import doctor, status
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring import tokens as token_keys
from portico_server.platform.keyring.authority import Authority
from portico_server.platform.private_files import replace_file
from tests.e2e.revoking import keyring_of, new_certificate
from tests.harness import RunningPlatform, running_platform
from tests.harness.credentials import ClientCertificate
from tests.harness.waiting import wait_until

ACCOUNT = "accounts/default"
OTHER = f"{ACCOUNT}/principals/other"
SECONDS = 30


@pytest.fixture(scope="module")
def rotating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform whose keys and policy tests may change."""
    with running_platform(tmp_path_factory.mktemp("rotating"), node_certificate_seconds=6) as platform:
        yield platform


@contextlib.contextmanager
def under_load(platform: RunningPlatform) -> Iterator[Callable[[], int]]:
    """Calls with the administrator's token as it is at the time, on a kept connection and on new ones. Yields how to
    ask how many were made; at the end none may have failed."""
    over = threading.Event()
    made, failed = [0], list[str]()

    def call() -> None:
        with platform.channel(token=None) as kept:
            while not over.is_set():
                try:
                    _lists(kept, platform.token)
                    with platform.channel(token=None, options=[("grpc.use_local_subchannel_pool", 1)]) as new:
                        _lists(new, platform.token)
                except grpc.RpcError as error:
                    failed.append(f"{error.code()}: {error.details()}")
                made[0] += 2

    caller = threading.Thread(target=call)
    caller.start()
    try:
        yield lambda: made[0]
    finally:
        over.set()
        caller.join()
    assert failed == []


def _lists(channel: grpc.Channel, token: str) -> None:
    stub = buckets_pb2_grpc.BucketServiceStub(channel)
    request = buckets_pb2.ListBucketsRequest(parent=ACCOUNT)
    stub.ListBuckets(request, timeout=SECONDS, metadata=[("authorization", f"Bearer {token}")])


def _key_of(token: str) -> str:
    return str(json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"])


def _new_token(platform: RunningPlatform) -> str:
    with platform.channel() as channel:
        stub = credentials_pb2_grpc.CredentialServiceStub(channel)
        return str(stub.CreateToken(credentials_pb2.CreateTokenRequest(), timeout=SECONDS).token)


def test_a_new_token_key_comes_into_use_and_no_call_fails(
    rotating: RunningPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_keys, "BELIEVED_SECONDS", 5.0)
    first = _key_of(_new_token(rotating))
    with under_load(rotating) as made:
        assert portico(["token", "rotate-key", "--data", str(rotating.data)]) == 0
        wait_until(lambda: _key_of(_new_token(rotating)) != first, "tokens are signed with the new key")
        rotating.process.send_signal(signal.SIGHUP)  # the administrator's own is signed anew
        wait_until(lambda: _key_of(rotating.token) != first, "the profile has a token of the new key")
        before = made()
        wait_until(lambda: made() > before + 4, "calls go on with it")


def test_the_nodes_certificate_changes_and_no_call_fails(rotating: RunningPlatform) -> None:
    def shown() -> bytes | None:
        with rotating.connect() as connection:
            return connection.getpeercert(binary_form=True)

    with under_load(rotating) as made:
        for _ in range(2):
            first = shown()
            wait_until(lambda first=first: shown() != first, "another certificate is shown")
        assert made() > 0


def test_another_authority_takes_the_place_of_the_first_and_no_call_fails(
    rotating: RunningPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """Clients of the administrator's profile come on kept and on new connections all the time, and by the SDK."""

    def authority(*words: str) -> None:
        before = made()
        assert portico(["authority", *words, "--data", str(rotating.data)]) == 0
        wait_until(lambda: made() > before + 4, "calls go on")
        assert list(client.buckets.list()) is not None

    def shown_is_of(issuer: Authority) -> bool:
        with rotating.connect() as connection:
            der = connection.getpeercert(binary_form=True)
        assert der is not None
        return issuer.has_issued(x509.load_der_x509_certificate(der))

    keyring = keyring_of(rotating)
    first, before = keyring.authorities.issuing, new_certificate(keyring)[0]
    with under_load(rotating) as made, connect(str(rotating.profile)) as client:
        authority("add")
        second = next(each for each in keyring.authorities.trusted if each.id != first.id)
        assert shown_is_of(first), "it issues nothing yet"
        assert rotating.authority.count(b"BEGIN CERTIFICATE") == 2, "but every client gets to know it"
        capsys.readouterr()
        assert portico(["authority", "show", "--output", "json", "--data", str(rotating.data)]) == 0
        shown = [(row["id"], row["issues"]) for row in json.loads(capsys.readouterr().out)]
        assert shown == [(first.id, "yes"), (second.id, "no")]
        authority("use", second.id)
        wait_until(lambda: shown_is_of(second), "the node shows a certificate of it")
        client.credentials.renew_certificate()
        assert second.has_issued(x509.load_pem_x509_certificate(rotating.certificate.certificate))
        with rotating.channel(certificate=before, token=None) as channel:
            _lists(channel, rotating.token)
        assert portico(["authority", "remove", second.id, "--data", str(rotating.data)]) == 1
        assert "have another one issue first" in capsys.readouterr().err
        authority("remove", first.id)
        wait_until(lambda: not _let_in(rotating, before), "the first one's certificates are good no more")
        assert shown_is_of(second)
    assert rotating.authority == second.certificate_pem
    with connect(str(rotating.profile)) as client:
        client.buckets.list()


def _let_in(platform: RunningPlatform, certificate: ClientCertificate) -> bool:
    try:
        platform.http("GET", "/v1/accounts/default/buckets", certificate=certificate)
    except (ssl.SSLError, ConnectionError):
        return False
    return True


def test_a_policy_holds_as_soon_as_one_call_was_judged_by_it_and_a_broken_one_never(rotating: RunningPlatform) -> None:
    policy, was = rotating.policy_file, rotating.policy
    binding = f'\n[[bindings]]\nprincipals = ["{OTHER}"]\npermissions = ["*"]\nresources = ["{ACCOUNT}"]\n'
    token = Keyring.open(rotating.data, rotating.settings.trust_domain, ()).sign_token(
        OTHER, client_id="test", lifetime_seconds=600
    )

    def may() -> bool:
        return rotating.http("GET", f"/v1/{ACCOUNT}/buckets/none-such", token=token).status != 403

    with under_load(rotating):
        for _ in range(2):
            before = _reloads(rotating)
            replace_file(policy, was + binding.encode())
            wait_until(may, "the binding is in force")
            wait_until(partial(_all_have_read_since, rotating, before), "every process has read it")
            replace_file(policy, b"[[bindings]]\n")
            wait_until(lambda: _broken(rotating), "the file is known to be broken")
            assert may(), "what was in force stays"
            wait_until(lambda: "policy" in problems(rotating), "and the status says so")
            assert "policy.toml" in problems(rotating)["policy"]
            replace_file(policy, was)
            wait_until(lambda: not may(), "the binding is gone")
            assert not any(may() for _ in range(10))
            wait_until(lambda: "policy" not in problems(rotating), "the status says that it is mended")


def test_what_cannot_be_put_in_force_is_told_by_status_and_doctor_until_it_is_mended(
    rotating: RunningPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    issuers, key = rotating.data / "issuers.toml", rotating.data / "keys" / "tokens" / "1.pem"
    replace_file(issuers, b"[[issuers]]\n")
    replace_file(key, b"no key")
    with under_load(rotating):
        rotating.process.send_signal(signal.SIGHUP)
        wait_until(lambda: problems(rotating).keys() >= {"issuers", "keys"}, "both are known")
        assert portico(["status", "--data", str(rotating.data)]) == 0
        told = capsys.readouterr().out
        assert "! keys: " in told
        assert str(key) in told
        assert "! issuers: issuers.toml:" in told
        checks = {check.name: check for check in doctor(rotating.settings) if not check.ok}
        assert str(key) in checks["keys"].detail
        assert "issuers.toml" in checks["issuers"].detail
    issuers.unlink()
    key.unlink()
    rotating.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not problems(rotating), "both are mended")


def problems(platform: RunningPlatform) -> dict[str, str]:
    return status(platform.settings).problems


def _reloads(platform: RunningPlatform) -> list[int]:
    """How often each process has read a new policy."""
    logs = [platform.data / "logs" / f"{process.name}.log" for process in platform.state.processes]
    return [log.read_text().count("policy_reloaded") for log in logs]


def _all_have_read_since(platform: RunningPlatform, before: list[int]) -> bool:
    return all(now > then for now, then in zip(_reloads(platform), before, strict=True))


def _broken(platform: RunningPlatform) -> bool:
    return "policy_not_reloaded" in _log(platform)


def _log(platform: RunningPlatform) -> str:
    return "".join(path.read_text() for path in Path(platform.data / "logs").glob("front*.log"))
