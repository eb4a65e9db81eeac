"""Who comes through the door of the API, by certificate."""

from __future__ import annotations

import datetime
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from portico_server.platform.keyring import Keyring
from tests.e2e.host.conftest import APPLICATION
from tests.harness import RunningPlatform, running_platform
from tests.harness.credentials import ClientCertificate, certificate_of

URI = "spiffe://portico.local/default/admin"
HOUR = datetime.timedelta(hours=1)


def refused(platform: RunningPlatform, certificate: ClientCertificate | None) -> bool:
    """Whether the connection is closed before an answer (how depends on when the client notices)."""
    try:
        platform.http("GET", "/echo", certificate=certificate)
    except (ssl.SSLError, ConnectionError):  # RemoteDisconnected is a ConnectionError
        return True
    return False


@pytest.fixture
def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def test_a_certificate_of_this_platform_is_let_in(host: RunningPlatform) -> None:
    assert not refused(host, host.certificate)


def test_without_a_certificate_the_connection_is_closed(host: RunningPlatform) -> None:
    assert refused(host, None)


def test_a_certificate_of_another_authority_is_refused(host: RunningPlatform) -> None:
    leaf = trustme.CA().issue_cert("client.example")
    assert refused(host, ClientCertificate(leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes()))


def test_an_authority_of_the_same_name_is_another_authority(host: RunningPlatform, tmp_path: Path) -> None:
    other = Keyring.open(tmp_path, "portico.local", ["localhost"])
    assert refused(host, ClientCertificate.of(other.new_client_certificate(URI, lifetime_seconds=3600)))


def test_an_expired_certificate_is_refused(host: RunningPlatform, now: datetime.datetime) -> None:
    assert not refused(host, certificate_of(host.data, URI, now - 2 * HOUR, now + HOUR))
    assert refused(host, certificate_of(host.data, URI, now - 2 * HOUR, now - HOUR))


def test_a_certificate_that_does_not_hold_yet_is_refused(host: RunningPlatform, now: datetime.datetime) -> None:
    assert refused(host, certificate_of(host.data, URI, now + HOUR, now + 2 * HOUR))


@pytest.mark.parametrize("uri", ["spiffe://portico.local.evil/default/admin", "spiffe://other/default/admin", "urn:a"])
def test_a_certificate_of_another_trust_domain_is_refused(
    host: RunningPlatform, now: datetime.datetime, uri: str
) -> None:
    assert refused(host, certificate_of(host.data, uri, now - HOUR, now + HOUR))


def test_the_nodes_own_certificate_is_no_clients(host: RunningPlatform) -> None:
    keyring = Keyring.open(host.data, "portico.local", ["localhost"])
    assert refused(host, ClientCertificate.of(keyring.new_node_certificate(lifetime_seconds=3600)))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls_ask_for_the_certificate(host: RunningPlatform, version: ssl.TLSVersion) -> None:
    with host.connect(version=version) as connection:
        connection.sendall(b"GET /echo HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_plain_text_gets_no_answer(host: RunningPlatform) -> None:
    with socket.create_connection(("127.0.0.1", host.port)) as plain:
        plain.sendall(b"GET /echo HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert b"HTTP" not in plain.recv(1024)


def test_token_only_clients_come_in_where_certificates_are_optional(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION, client_certificates="optional") as platform:
        headers = dict(platform.http("GET", "/echo", certificate=None).json()["headers"])
        assert "x-portico-token-payload" in headers
        assert "x-forwarded-client-cert" not in headers
        leaf = trustme.CA().issue_cert("client.example")
        bad = ClientCertificate(leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())
        assert refused(platform, bad), "a certificate that is given must be good all the same"
