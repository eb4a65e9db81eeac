"""Connections to where users say: only to addresses that were checked, only to who has the name's certificate."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from portico_server.platform.outgoing import connecting
from portico_server.platform.outgoing.addresses import AddressRules
from portico_server.platform.outgoing.connecting import Connector, Unreachable, tls_context
from portico_server.platform.outgoing.destinations import Destination, destination

AUTHORITY = trustme.CA()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server at 127.0.0.1 that is `inside.example`; it says hello."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("inside.example").configure_cert(context)

    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


class Resolver:
    """Answers one list of addresses after another, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def connector(tmp_path: Path, resolver: Resolver, *networks: str) -> Connector:
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return Connector(AddressRules(networks), functools.partial(tls_context, str(tmp_path / "ca.pem")), resolver)


def at(port: int, host: str = "inside.example") -> Destination:
    return destination(f"https://{host}:{port}/")


async def said(connector: Connector, to: Destination) -> bytes:
    reader, writer = await connector.connect(to)
    try:
        return await reader.read(5)
    finally:
        writer.transport.abort()


async def test_a_name_is_reached_at_an_address_that_may_be(tmp_path: Path, port: int) -> None:
    resolver = Resolver(["127.0.0.1"])
    assert await said(connector(tmp_path, resolver, "127.0.0.0/8"), at(port)) == b"hello"
    assert resolver.asked == ["inside.example"]


async def test_private_addresses_are_not_reached(tmp_path: Path, port: int) -> None:
    with pytest.raises(Unreachable, match="no address that may be reached") as refused:
        await said(connector(tmp_path, Resolver(["127.0.0.1", "::1"])), at(port))
    assert "127.0.0.1" not in str(refused.value), "who asks learns what names inside stand for"


async def test_a_name_that_changes_its_address_is_judged_by_the_one_that_is_used(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: a public address when it is looked at, this machine's when it is used."""
    used: list[str] = []
    real = asyncio.open_connection

    async def connect(host: str, *args: object, **more: object) -> object:
        used.append(host)
        return await real("127.0.0.1", *args, **more)  # type: ignore[arg-type]

    def never(*_: object, **__: object) -> object:
        raise AssertionError("the name was resolved behind our back")

    monkeypatch.setattr(asyncio, "open_connection", connect)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    rebinding = connector(tmp_path, Resolver(["1.1.1.1"], ["127.0.0.1"]))
    assert await said(rebinding, at(port)) == b"hello"
    with pytest.raises(Unreachable, match="no address that may be reached"):
        await said(rebinding, at(port))
    assert used == ["1.1.1.1"]


async def test_of_several_addresses_only_those_that_may_be_are_tried(tmp_path: Path, port: int) -> None:
    allowed = connector(tmp_path, Resolver(["10.0.0.1", "::1", "127.0.0.1"]), "127.0.0.1/32")
    assert await said(allowed, at(port)) == b"hello"


async def test_a_certificate_of_another_name_is_not_believed(tmp_path: Path, port: int) -> None:
    with pytest.raises(Unreachable, match="certificate is not believed"):
        await said(connector(tmp_path, Resolver(["127.0.0.1"]), "127.0.0.0/8"), at(port, "other.example"))


async def test_a_certificate_of_an_unknown_authority_is_not_believed(port: int) -> None:
    stranger = Connector(AddressRules(["127.0.0.0/8"]), tls_context, Resolver(["127.0.0.1"]))
    with pytest.raises(Unreachable, match="certificate is not believed"):
        await said(stranger, at(port))


async def test_who_does_not_speak_tls_or_is_not_there_is_told(tmp_path: Path, port: int) -> None:
    inside = connector(tmp_path, Resolver(["127.0.0.1"]), "127.0.0.0/8")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        closed = silent.getsockname()[1]
    with pytest.raises(Unreachable, match="no connection: "):
        await said(inside, at(closed))


async def test_what_takes_too_long_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "CONNECT_SECONDS", 0.1)
    inside = connector(tmp_path, Resolver(["127.0.0.1"]), "127.0.0.0/8")
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable, match=r"within 0\.1 s"):
        await said(inside, at(silent.getsockname()[1]))

    async def never(host: str, port: int) -> list[str]:
        await asyncio.sleep(3600)
        return []

    with pytest.raises(Unreachable, match=r"within 0\.1 s"):
        await said(Connector(AddressRules(), tls_context, never), at(443))


async def test_the_system_resolves_names_where_nobody_else_does() -> None:
    by_system = Connector(AddressRules(), tls_context)
    with pytest.raises(Unreachable, match="no address that may be reached"):
        await said(by_system, at(8443, "localhost"))
    by_system.close()


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ValueError, match=r"empty\.pem has no certificates in PEM"):
        tls_context(str(tmp_path / "empty.pem"))
    with pytest.raises(OSError, match=r"cannot read .*missing\.pem"):
        tls_context(str(tmp_path / "missing.pem"))
