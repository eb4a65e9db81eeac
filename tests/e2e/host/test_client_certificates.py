"""Who comes through the door of the API, by certificate."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path

import trustme

from portico_server.platform.keyring import Keyring
from tests.harness import RunningPlatform, running_platform
from tests.harness.credentials import ClientCertificate

APPLICATION = "tests.e2e.host.application:app"
URI = "spiffe://portico.local/default/admin"
REFUSED = (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)


def refused(platform: RunningPlatform, certificate: ClientCertificate | None) -> bool:
    try:
        platform.http("GET", "/echo", certificate=certificate)
    except REFUSED:
        return True
    return False


def test_a_certificate_of_this_platform_is_let_in(host: RunningPlatform) -> None:
    assert host.http("GET", "/echo").status == 200


def test_without_a_certificate_the_connection_is_closed(host: RunningPlatform) -> None:
    assert refused(host, None)


def test_a_certificate_of_another_authority_is_refused(host: RunningPlatform) -> None:
    leaf = trustme.CA().issue_cert("client.example")
    certificate = ClientCertificate(leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())
    assert refused(host, certificate)


def test_an_authority_of_the_same_name_is_another_authority(host: RunningPlatform, tmp_path: Path) -> None:
    other = Keyring.open(tmp_path, "portico.local", ["localhost"])
    assert refused(host, ClientCertificate.of(other.new_client_certificate(URI, lifetime_seconds=3600)))


def test_token_only_clients_come_in_where_certificates_are_optional(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION, client_certificates="optional") as platform:
        headers = dict(platform.http("GET", "/echo", certificate=None).json()["headers"])
        assert "x-portico-token-payload" in headers
        assert "x-forwarded-client-cert" not in headers
