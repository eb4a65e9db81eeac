"""The hosts that the tests run against.

A `Host` is what a client of any Portico needs: address, channel, plain HTTP. `bare` is the adapter alone in Envoy, with
with services that the tests look inside by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from pyqwest import FullResponse, HTTPVersion, SyncClient, SyncHTTPTransport

from tests.interop.bare_host import bare_host
from tests.testing_product.product import rpc

GRPC = {"content-type": "application/grpc", "te": "trailers"}
NAME = "accounts/default/tests/interop"


@dataclass
class Host:
    """A running host, as its clients see it."""

    address: str
    log: Path
    open_channel: Callable[..., grpc.Channel]
    transport: SyncHTTPTransport
    http_client: SyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http_client = SyncClient(self.transport)

    def channel(self, **options: object) -> grpc.Channel:
        return self.open_channel(self.address, **options)

    def http(
        self, method: str, path: str, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> FullResponse:
        """One request by HTTP/2."""
        return self.http_client.execute(method, f"http://{self.address}{path}", headers or {}, content, timeout=20)

    def grpc_post(self, path: str, content: bytes, **headers: str) -> FullResponse:
        """A gRPC request with whatever for a body."""
        return self.http("POST", path, content, GRPC | {key.replace("_", "-"): value for key, value in headers.items()})


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("bare")
    with bare_host(folder) as address:
        transport = SyncHTTPTransport(http_version=HTTPVersion.HTTP2, enable_gzip=False)
        yield Host(address, folder / "log", grpc.insecure_channel, transport)


@pytest.fixture
def channel(bare: Host) -> Iterator[grpc.Channel]:
    with bare.channel() as opened:
        yield opened


@pytest.fixture
def stub(channel: grpc.Channel) -> rpc.TestingServiceStub:
    return rpc.TestingServiceStub(channel)
