"""The hosts that the tests run against.

A `Host` is what a client of any Portico needs: address, channel, plain HTTP. `bare` is each of both hosts with nothing
around it, and with services that the tests look inside by.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import grpc
import pytest
from pyqwest import FullResponse, HTTPVersion, SyncClient, SyncHTTPTransport

from tests.harness.platform import TESTING_PRODUCT, running_platform
from tests.interop.bare_host import bare_host
from tests.testing_product.product import rpc

GRPC = {"content-type": "application/grpc", "te": "trailers"}
TIMEOUT_SECONDS = 60
NAME = "accounts/default/tests/interop"


@dataclass
class Host:
    """A running host, as its clients see it."""

    url: str
    log: Path
    channel: Callable[..., grpc.Channel]
    """Opens a channel; `options` are grpc's channel arguments."""
    http_client: SyncClient
    headers: Mapping[str, str] = field(default_factory=dict)
    """What identifies the client, in every request."""
    plain: bool = False
    """Whether it is the plain host."""

    def http(
        self, method: str, path: str, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> FullResponse:
        """One request by HTTP/2."""
        sent = {**self.headers, **(headers or {})}
        return self.http_client.execute(method, self.url + path, sent, content, timeout=TIMEOUT_SECONDS)

    def grpc_post(self, path: str, content: bytes, **headers: str) -> FullResponse:
        """A gRPC request with whatever for a body."""
        return self.http("POST", path, content, GRPC | {key.replace("_", "-"): value for key, value in headers.items()})


@pytest.fixture(scope="package")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The adapter alone, inside Envoy."""
    with _bare(tmp_path_factory.mktemp("embedded"), plain=False) as host:
        yield host


@pytest.fixture(scope="package")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The plain host alone, behind Envoy."""
    with _bare(tmp_path_factory.mktemp("plain"), plain=True) as host:
        yield host


@pytest.fixture(params=["embedded", "plain"])
def bare(request: pytest.FixtureRequest) -> Host:
    """Each host, with nothing around it."""
    return request.getfixturevalue(request.param)


@contextlib.contextmanager
def _bare(folder: Path, *, plain: bool) -> Iterator[Host]:
    with bare_host(folder, plain=plain) as address:
        transport = SyncHTTPTransport(http_version=HTTPVersion.HTTP2, enable_gzip=False)
        open_channel = partial(grpc.insecure_channel, address)
        yield Host(f"http://{address}", folder / "log", open_channel, SyncClient(transport), plain=plain)


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The whole platform with the testing product: TLS, client certificate, token, pipeline."""
    with running_platform(tmp_path_factory.mktemp("platform"), **TESTING_PRODUCT) as running:
        transport = SyncHTTPTransport(
            http_version=HTTPVersion.HTTP2,
            enable_gzip=False,
            tls_ca_cert=running.authority,
            tls_cert=running.certificate.certificate,
            tls_key=running.certificate.key,
        )
        token = {"authorization": f"Bearer {running.token}"}
        log = running.data / "logs" / "front.log"
        yield Host(f"https://{running.address}", log, running.channel, SyncClient(transport), token)


@pytest.fixture
def host(bare: Host) -> Host:
    return bare


@pytest.fixture
def channel(host: Host) -> Iterator[grpc.Channel]:
    with host.channel() as opened:
        yield opened


@pytest.fixture
def stub(channel: grpc.Channel) -> rpc.TestingServiceStub:
    return rpc.TestingServiceStub(channel)
