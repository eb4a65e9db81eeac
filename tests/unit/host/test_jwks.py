"""Fetching a JWK set: by https from a server of the right authority, whole, bounded, from where it was asked for."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from portico_server.host.supervisor.jwks import fetch
from portico_server.platform.keyring.foreign_keys import MAX_SET_BYTES
from tests.harness.key_server import KeyServer


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[KeyServer]:
    server = KeyServer(authority)
    with server.running():
        yield server


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


async def test_a_set_of_the_largest_size_is_read_whole(server: KeyServer, ca_file: Path) -> None:
    server.content = b"x" * MAX_SET_BYTES
    assert await fetch(server.url, ca_file) == server.content


async def test_a_larger_one_is_refused(server: KeyServer, ca_file: Path) -> None:
    server.content = b"x" * (MAX_SET_BYTES + 1)
    with pytest.raises(ValueError, match="larger than"):
        await fetch(server.url, ca_file)


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_redirects_and_errors_are_no_set(server: KeyServer, ca_file: Path, status: int) -> None:
    server.content, server.status = b"{}", status
    with pytest.raises(ValueError, match=str(status)):
        await fetch(server.url, ca_file)


async def test_a_server_of_another_authority_or_name_is_not_believed(
    server: KeyServer, ca_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    for url, trusted in (
        (server.url, other),
        (server.url, None),
        (server.url.replace("localhost", "127.0.0.1"), ca_file),
    ):
        with pytest.raises(ssl.SSLCertVerificationError):
            await fetch(url, trusted)


async def test_where_nobody_listens_or_the_authority_is_missing_it_fails(tmp_path: Path) -> None:
    for trusted in (None, tmp_path / "none.pem"):
        with pytest.raises(OSError):  # noqa: PT011 - whichever
            await fetch("https://localhost:1/", trusted)
