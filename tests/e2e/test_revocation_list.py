"""Revoked certificates are refused in the handshake: by what is revoked here, and by the operator's own list."""

from __future__ import annotations

import datetime
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from portico_server.platform.keyring import Keyring
from portico_server.platform.private_files import replace_file
from portico_server.platform.settings import from_json
from tests.e2e.calls import ACCOUNT
from tests.e2e.revoking import (
    CERTIFICATE_REVOKED,
    keyring_of,
    lists_buckets,
    new_certificate,
    refusal,
    revoke_certificate,
    sha256_of,
)
from tests.harness import RunningPlatform, clients, running_platform
from tests.harness.credentials import ClientCertificate
from tests.harness.waiting import wait_until

LIST_SECONDS = 6


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform whose lists do not hold for long, with a door for nodes."""
    settings: dict[str, Any] = {"revocation_list_seconds": LIST_SECONDS, "mesh_listen": "127.0.0.1:0"}
    with running_platform(tmp_path_factory.mktemp("listing"), **settings) as running:
        yield running


def refused_in_handshake(platform: RunningPlatform, certificate: ClientCertificate, address: str = "") -> bool:
    """Before an answer; that others are answered meanwhile is for the test to see."""
    given = {"authority": platform.authority, "certificate": certificate, "token": None}
    try:
        clients.http(address or platform.address, "GET", f"/v1/{ACCOUNT}/buckets", **given)
    except (ssl.SSLError, ConnectionError):  # the alert, or the end of the connection, whichever is noticed first
        return True
    return False


def lists_in_force(platform: RunningPlatform) -> list[x509.CertificateRevocationList]:
    secret = json.loads((platform.settings.run / "watched" / "authority.json").read_text())["resources"][0]
    found = secret["validation_context"].get("crl", {}).get("inline_string", "")
    return [x509.load_pem_x509_crl(found.encode())] if found else []


def operators_list(keyring: Keyring, *serial_numbers: int) -> bytes:
    now, authority = datetime.datetime.now(datetime.UTC), keyring.authorities.issuing
    revoked = [x509.RevokedCertificateBuilder(number, now).build() for number in serial_numbers]
    builder = x509.CertificateRevocationListBuilder(
        authority.certificate.subject, now, now + datetime.timedelta(days=1), revoked_certificates=revoked
    )
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_revoked_certificate_is_refused_in_new_handshakes_and_at_the_next_call_of_an_open_connection(
    listing: RunningPlatform,
) -> None:
    certificate, parsed = new_certificate(keyring_of(listing))
    other, _ = new_certificate(keyring_of(listing))
    with listing.channel(certificate=certificate) as channel:
        call = lists_buckets(channel)
        call()
        revoked = revoke_certificate(listing, client_certificate=certificate.certificate)
        assert refusal(call) == CERTIFICATE_REVOKED
    assert revoked.certificate_sha256 == sha256_of(parsed)
    assert revoked.expire_time.seconds == int(parsed.not_valid_after_utc.timestamp()) + 1
    wait_until(lambda: refused_in_handshake(listing, certificate), "its handshake is refused")
    for _ in range(5):
        assert refused_in_handshake(listing, certificate)
        assert not refused_in_handshake(listing, other)


@pytest.mark.parametrize("by", ["certificate_sha256", "certificate_serial"])
def test_one_that_is_known_by_its_number_alone_is_refused_so_once_a_call_has_told_whose_it_is(
    listing: RunningPlatform, by: str
) -> None:
    certificate, parsed = new_certificate(keyring_of(listing))
    subject = sha256_of(parsed) if by == "certificate_sha256" else f"{parsed.serial_number:x}"
    revoke_certificate(listing, **{by: subject})
    with listing.channel(certificate=certificate) as channel:
        assert refusal(lists_buckets(channel)) == CERTIFICATE_REVOKED
    wait_until(lambda: refused_in_handshake(listing, certificate), "its handshake is refused")


def test_nobody_revokes_by_number_what_is_another_accounts(listing: RunningPlatform) -> None:
    """A list knows no accounts: only what is known to be the revoker's own gets onto it."""
    keyring = keyring_of(listing)
    pair = keyring.new_client_certificate(f"spiffe://{keyring.trust_domain}/other/somebody", lifetime_seconds=3600)
    foreign, own = ClientCertificate.of(pair), new_certificate(keyring)[0]
    serial = x509.load_pem_x509_certificate(pair.certificate_pem).serial_number
    revoke_certificate(listing, certificate_serial=f"{serial:x}")
    with pytest.raises(Exception, match="name its own account as parent"):
        revoke_certificate(listing, client_certificate=pair.certificate_pem)
    assert not refused_in_handshake(listing, foreign)
    revoke_certificate(listing, client_certificate=own.certificate)
    wait_until(lambda: refused_in_handshake(listing, own), "a later one is refused")
    assert not refused_in_handshake(listing, foreign)


def test_a_certificate_that_was_not_issued_here_cannot_be_revoked(listing: RunningPlatform, tmp_path: Path) -> None:
    stranger = Keyring.open(tmp_path, "portico.local", ["localhost"])
    with pytest.raises(Exception, match="must be one that this platform has issued"):
        revoke_certificate(listing, client_certificate=new_certificate(stranger)[0].certificate)
    with pytest.raises(Exception, match="DER or PEM"):
        revoke_certificate(listing, client_certificate=b"x")


def test_lists_are_signed_anew_before_they_end_so_that_good_certificates_go_on_being_good(
    listing: RunningPlatform,
) -> None:
    keyring = keyring_of(listing)
    gone, good = new_certificate(keyring)[0], new_certificate(keyring)[0]
    revoke_certificate(listing, client_certificate=gone.certificate)
    wait_until(lambda: refused_in_handshake(listing, gone), "its handshake is refused")
    [first] = lists_in_force(listing)
    assert first.next_update_utc is not None
    ends = first.next_update_utc
    while datetime.datetime.now(datetime.UTC) <= ends + datetime.timedelta(seconds=1):
        assert not refused_in_handshake(listing, good)
    assert refused_in_handshake(listing, gone)
    [last] = lists_in_force(listing)
    assert _number(last) > _number(first)


def test_the_operators_list_holds_for_clients_and_nodes_and_a_bad_one_changes_nothing(
    listing: RunningPlatform, tmp_path: Path
) -> None:
    keyring, path = keyring_of(listing), listing.data / "crl.pem"
    certificate, parsed = new_certificate(keyring)
    node = ClientCertificate.of(keyring.new_node_certificate(lifetime_seconds=3600))
    mesh = from_json((listing.settings.run / "settings.json").read_text()).mesh_listen
    with listing.channel(certificate=certificate) as channel:
        call = lists_buckets(channel)
        call()
        replace_file(path, operators_list(Keyring.open(tmp_path, "portico.local", ()), parsed.serial_number))
        wait_until(lambda: "operators_list_not_read" in listing.logs(), "the log says that it is another's")
        call()
        assert not refused_in_handshake(listing, node, mesh)
        node_serial = x509.load_pem_x509_certificate(node.certificate).serial_number
        replace_file(path, operators_list(keyring, parsed.serial_number, node_serial))
        wait_until(lambda: refused_in_handshake(listing, certificate), "the client's handshake is refused")
        assert refused_in_handshake(listing, node, mesh), "and the node's, at the door of nodes"
        assert refusal(call) == CERTIFICATE_REVOKED
    path.unlink()
    again, _ = new_certificate(keyring)
    revoke_certificate(listing, client_certificate=again.certificate)
    wait_until(lambda: refused_in_handshake(listing, again), "a later one is refused")
    assert refused_in_handshake(listing, certificate), "what was revoked stays so without the file"


def _number(found: x509.CertificateRevocationList) -> int:
    return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
