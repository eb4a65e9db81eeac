"""Revocation through a running gateway: the next call is refused, also on a connection that was open before."""

from __future__ import annotations

import secrets
import subprocess
import sys
from typing import Any

import pytest

from portico import connect
from portico.gateway.v1 import credentials_pb2, credentials_pb2_grpc, revocations_pb2, revocations_pb2_grpc
from portico_server.platform.keyring import Keyring
from tests.e2e.calls import ACCOUNT, ADMIN
from tests.e2e.revoking import (
    CERTIFICATE_REVOKED,
    SECONDS,
    TOKEN_REVOKED,
    id_of,
    keyring_of,
    lists_buckets,
    new_certificate,
    new_token,
    refusal,
    sha256_of,
)
from tests.harness import RunningPlatform


@pytest.fixture
def keyring(platform: RunningPlatform) -> Keyring:
    return keyring_of(platform)


@pytest.fixture
def revoke(platform: RunningPlatform) -> Any:
    """The service, asked by the administrator."""
    with platform.channel() as channel:
        yield revocations_pb2_grpc.RevocationServiceStub(channel)


def test_a_revoked_token_is_refused_on_the_next_call_of_an_open_connection(platform, keyring, revoke) -> None:
    token = new_token(keyring)
    with platform.channel(token=token) as channel:
        call = lists_buckets(channel)
        call()
        request = revocations_pb2.RevokeTokenRequest(parent=ACCOUNT, token_id=id_of(token), reason="a test")
        revoked = revoke.RevokeToken(request, timeout=SECONDS).revocation
        assert refusal(call) == TOKEN_REVOKED
    assert (revoked.token_id, revoked.revoker, revoked.reason) == (id_of(token), ADMIN, "a test")
    lists_buckets_again = platform.http("GET", f"/v1/{ACCOUNT}/buckets", token=token)
    assert lists_buckets_again.status == 401
    assert lists_buckets_again.json()["details"][0]["reason"] == "TOKEN_REVOKED"
    assert platform.http("GET", f"/v1/{ACCOUNT}/buckets").status == 200


@pytest.mark.parametrize("by", ["certificate_sha256", "certificate_serial"])
def test_a_revoked_certificate_is_refused_on_an_open_connection(platform, keyring, revoke, by: str) -> None:
    certificate, parsed = new_certificate(keyring)
    subject = sha256_of(parsed) if by == "certificate_sha256" else f"{parsed.serial_number:X}"
    with platform.channel(certificate=certificate) as channel:
        call = lists_buckets(channel)
        call()
        request = revocations_pb2.RevokeCertificateRequest(parent=ACCOUNT, **{by: subject})
        revoke.RevokeCertificate(request, timeout=SECONDS)
        assert refusal(call) == CERTIFICATE_REVOKED
        # It gets no new token either, though that method asks for none.
        create = credentials_pb2_grpc.CredentialServiceStub(channel).CreateToken
        new = credentials_pb2.CreateTokenRequest()
        assert refusal(lambda: create(new, timeout=SECONDS)) == CERTIFICATE_REVOKED


def test_all_tokens_of_a_principal_go_at_once_and_those_of_others_stay(platform, keyring, revoke) -> None:
    gone = f"{ACCOUNT}/principals/gone-{secrets.token_hex(4)}"
    tokens = [new_token(keyring, gone) for _ in range(2)]
    channels = [platform.channel(token=token) for token in tokens]
    for channel in channels:
        lists_buckets(channel)()
    revoke.RevokePrincipalTokens(revocations_pb2.RevokePrincipalTokensRequest(name=gone), timeout=SECONDS)
    for channel in channels:
        with channel:
            assert refusal(lists_buckets(channel)) == TOKEN_REVOKED
    assert platform.http("GET", f"/v1/{ACCOUNT}/buckets").status == 200


def test_an_account_revokes_only_what_is_its_own(platform, keyring, revoke) -> None:
    token = new_token(keyring, "accounts/other/principals/somebody")
    request = revocations_pb2.RevokeTokenRequest(parent=ACCOUNT, token_id=id_of(token))
    revoke.RevokeToken(request, timeout=SECONDS)
    with platform.channel(token=token) as channel:
        lists_buckets(channel)()
    elsewhere = revocations_pb2.RevokeTokenRequest(parent="accounts/other", token_id="x")
    assert refusal(lambda: revoke.RevokeToken(elsewhere, timeout=SECONDS))[1] == "PERMISSION_DENIED"


def test_revocations_are_listed_in_pages_by_the_sdk(platform, keyring) -> None:
    ids = {id_of(new_token(keyring)) for _ in range(3)}
    with connect(str(platform.profile)) as client:
        for token_id in ids:
            client.credentials.revoke_token(token_id)
        listed = {item.token_id for item in client.credentials.revocations(page_size=2)}
    assert ids <= listed


def test_the_command_line_revokes_and_lists(platform, keyring, tmp_path) -> None:
    token, (certificate, parsed) = new_token(keyring), new_certificate(keyring)
    (tmp_path / "client.pem").write_bytes(certificate.certificate)

    def portico(*words: str, given: str = "") -> str:
        command = [sys.executable, "-P", "-m", "portico_cli.main", *words, "--profile", str(platform.profile)]
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    assert id_of(token) in portico("token", "revoke", "-", given=token)
    assert "urn:other:1" in portico("token", "revoke", "urn:other:1", "--foreign")
    assert "machine gone" in portico("cert", "revoke", str(tmp_path / "client.pem"), "--reason", "machine gone")
    listed = portico("cert", "revocations")
    assert id_of(token) in listed
    assert sha256_of(parsed) in listed
    with platform.channel(token=token) as channel:
        assert refusal(lists_buckets(channel)) == TOKEN_REVOKED
