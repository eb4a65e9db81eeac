"""The door in front of a product that is served elsewhere, is gone, or has more to do than it can."""

from __future__ import annotations

import os
import shutil
import signal
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico_server.host import local_http
from portico_server.host.envoy import overload
from portico_server.host.run_folder import ADMIN_SOCKET
from portico_server.platform.settings import from_json
from tests.e2e.faces.door import ADMIN, FACED, MIB, ask, curl, event_of, eventually
from tests.harness import RunningPlatform, running_platform
from tests.harness.clients import Response
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.platform import TESTING_PRODUCT


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """The product has a process of its own."""
    with running_platform(tmp_path_factory.mktemp("apart"), processes=("testing",), **FACED) as running:
        yield running


@SPREADS_ITSELF
def test_a_node_takes_requests_on_to_the_node_that_serves_the_product(tmp_path: Path) -> None:
    with running_platform(tmp_path / "far", mesh_listen="127.0.0.1:0", host="embedded", **FACED) as far:
        near_data = tmp_path / "near" / "data"
        near_data.mkdir(parents=True, mode=0o700)
        shutil.copytree(far.data / "keys", near_data / "keys")
        mesh = from_json((far.settings.run / "settings.json").read_text()).mesh_listen
        peers = (f"testing={mesh}",)
        with running_platform(tmp_path / "near", only=("access",), peers=peers, **TESTING_PRODUCT) as near:
            answer = ask(near, "/unary?text=hello")
            assert answer.body == b"hello", answer
            event = event_of(far, answer.headers["x-ray-id"])
            assert (event.face, event.principal) == ("s3", "accounts/default/principals/admin")
            seen = ask(near, "/seen//a%2Fb", headers={**ADMIN, "portico-door": "invented"}).json()
            assert seen["path"] == "/seen//a%2Fb"
            uploaded = ask(near, "/upload", "PUT", body=bytes(8 * MIB))
            assert uploaded.body.split()[0] == str(8 * MIB).encode()
            downloaded = curl(near, "/many?n=32&size=262144", "--http2")
            assert len(downloaded.stdout) == 8 * MIB
            assert ask(near, "/unary", "HEAD").headers["content-length"] == "0"
            # A client of the other node's own door is not taken for a face's request.
            with_door = far.http("GET", "/seen", headers={"portico-door": "s3", "x-portico-door": "s3"})
            assert with_door.status == 404


@SPREADS_ITSELF
def test_while_the_products_process_is_gone_clients_are_told_to_try_again(apart: RunningPlatform) -> None:
    assert ask(apart, "/unary?text=hello").body == b"hello"
    os.kill(apart.pid_of("testing"), signal.SIGKILL)

    def refused() -> Response | None:
        answer = ask(apart, "/unary?text=hello")
        return answer if answer.status == 503 else None

    answer = eventually(refused)
    assert b"<Code>ServiceUnavailable</Code>" in answer.body
    assert answer.headers["content-type"] == "application/xml"
    eventually(lambda: ask(apart, "/unary?text=hello").body == b"hello" or None)


@SPREADS_ITSELF
def test_more_than_can_be_served_is_told_to_slow_down(apart: RunningPlatform) -> None:
    query = urllib.parse.urlencode({overload.SHARE: overload.share(1.0)}, quote_via=urllib.parse.quote)

    def refused() -> Response | None:
        local_http.request(apart.front_folder, ADMIN_SOCKET, "POST", f"/runtime_modify?{query}", timeout_seconds=10)
        answer = ask(apart, "/unary?text=hello")
        return answer if answer.status == 503 else None

    answer = eventually(refused)
    assert b"<Code>SlowDown</Code>" in answer.body
    assert answer.headers["retry-after"] == "1"
