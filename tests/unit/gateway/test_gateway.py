"""The gateway as the composition root opens it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest

from portico_server.gateway.gateway import POLICY_FILE, open_gateway
from portico_server.platform.call import current
from portico_server.platform.errors import ApiError
from portico_server.platform.keyring import Keyring
from portico_server.platform.methods import FOREIGN
from portico_server.platform.paging import PageTokens
from portico_server.platform.policy_bindings import PolicyError
from portico_server.platform.settings import Settings
from tests.unit.gateway.fakes import Handled, new_call

POLICY = """
[[bindings]]
principals = ["accounts/default/principals/admin"]
permissions = ["*"]
resources = ["accounts/default"]
"""


class Server:
    """Notes what is added."""

    def __init__(self) -> None:
        self.methods: set[str] = set()

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        self.methods |= {f"/{service}/{name}" for name in handlers}

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """Older generated code calls this one only."""
        for handler in handlers:
            self.methods |= {path for path in FOREIGN if handler.service(Asked(path, ())) is not None}


class Asked(NamedTuple):
    """What generic handlers are asked with."""

    method: str
    invocation_metadata: tuple[Any, ...]


async def test_every_method_that_it_serves_is_one_that_may_be_called(tmp_path: Path) -> None:
    (tmp_path / POLICY_FILE).write_text(POLICY)
    keyring = Keyring.open(tmp_path, "portico.local", ())
    server = Server()

    async with open_gateway(Settings(data=tmp_path, sample_ratio=0.0), keyring, PageTokens(bytes(32)), []) as gateway:
        for add, servicer in gateway.servicers:
            add(servicer, server)

        assert server.methods <= gateway.methods.keys()
        assert {
            "/portico.gateway.v1.CredentialService/CreateToken",
            "/portico.gateway.v1.TelemetryService/GetTrace",
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            "/google.longrunning.Operations/GetOperation",
        } <= server.methods


async def test_a_call_goes_through_and_is_written_when_the_gateway_closes(tmp_path: Path) -> None:
    (tmp_path / POLICY_FILE).write_text(POLICY)
    keyring = Keyring.open(tmp_path, "portico.local", ())
    token = keyring.sign_token("accounts/default/principals/admin", client_id="cli", lifetime_seconds=60)
    headers = {"authorization": f"Bearer {token}", "x-portico-token-payload": token.split(".")[1]}

    async with open_gateway(Settings(data=tmp_path, sample_ratio=0.0), keyring, PageTokens(bytes(32)), []) as gateway:
        call = new_call("/google.longrunning.Operations/GetOperation", headers=headers)
        current.set(call)
        await gateway.pipeline(call, Handled())

        unknown = new_call("/google.longrunning.Operations/GetOperation")
        current.set(unknown)
        with pytest.raises(ApiError) as refused:
            await gateway.pipeline(unknown, Handled())

    assert refused.value.code is grpc.StatusCode.UNAUTHENTICATED
    (file,) = (tmp_path / "telemetry").iterdir()
    assert len(file.read_bytes().splitlines()) == 2
    assert token.split(".")[2] not in file.read_text()
    assert os.stat(file).st_mode & 0o777 == 0o600
    assert os.stat(file.parent).st_mode & 0o777 == 0o700


async def test_it_does_not_start_with_a_policy_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / POLICY_FILE).mkdir()
    keyring = Keyring.open(tmp_path, "portico.local", ())

    with pytest.raises(PolicyError):
        async with open_gateway(Settings(data=tmp_path, sample_ratio=0.0), keyring, PageTokens(bytes(32)), []):
            pass
