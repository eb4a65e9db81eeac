"""The node's certificate is replaced while calls are in flight, and none is dropped."""

from __future__ import annotations

import http.client
import threading
from pathlib import Path

from cryptography import x509

from tests.e2e.host.conftest import APPLICATION
from tests.harness import Response, RunningPlatform, running_platform
from tests.harness.credentials import ssl_context
from tests.harness.waiting import wait_until


def node_certificate(platform: RunningPlatform, server_name: str = "localhost") -> x509.Certificate:
    """What a new connection is shown."""
    with platform.connect(server_name=server_name) as connection:
        shown = connection.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


def test_a_renewed_certificate_drops_no_call(tmp_path: Path) -> None:
    with running_platform(tmp_path, application=APPLICATION, node_certificate_seconds=3) as platform:
        front = platform.front_pid
        first = node_certificate(platform)
        answers: list[Response] = []
        call = threading.Thread(target=lambda: answers.append(platform.http("GET", "/sleep?3.5")))
        call.start()
        context = ssl_context(platform.authority, platform.certificate)
        kept = http.client.HTTPSConnection("127.0.0.1", platform.port, context=context)
        kept.request("GET", "/echo")
        kept.getresponse().read()
        wait_until(lambda: node_certificate(platform) != first, "a new certificate is shown")
        kept.request("GET", "/echo")
        assert kept.getresponse().status == 200, "a connection of before goes on"
        kept.close()
        call.join()
        assert answers[0].status == 200
        assert platform.front_pid == front


def test_the_certificate_is_for_the_host_names_and_this_machine(tmp_path: Path) -> None:
    names = ("portico.example", "192.0.2.7")
    with running_platform(tmp_path, application=APPLICATION, hostnames=names) as platform:
        certificate = node_certificate(platform, "portico.example")
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == [
        "portico.example",
        "*.portico.example",
        "s3.portico.example",
        "*.s3.portico.example",
    ]
    addresses = [str(address) for address in alternatives.get_values_for_type(x509.IPAddress)]
    assert addresses == ["192.0.2.7", "127.0.0.1", "::1"]
    assert alternatives.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://portico.local/portico/node"]
