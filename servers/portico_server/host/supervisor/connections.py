"""Who is connected to whom: the counters that each process's Envoy keeps of its doors, and of the processes and nodes
that it hands calls on to. What gRPC's channelz tells of a server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico_server.host import local_http
from portico_server.host.run_folder import ADMIN_SOCKET

_TIMEOUT_SECONDS = 5.0
_DOORS = "http.api.downstream_"
_TLS_FAILURES = ("ssl.connection_error", "ssl.fail_verify_error", "ssl.fail_verify_san", "ssl.fail_verify_cert_hash")
_FILTER = r"^(http\.api\.downstream_(cx|rq)_.*|listener\..*\.ssl\.(connection_error|fail_verify_.*))$"
_HEALTHY = "HEALTHY"


@dataclass(frozen=True, slots=True)
class Door:
    """What came in to a process: open `connections` and `calls` in flight, and how many there were since it started.
    `reset_calls` were reset by their clients; `failed_handshakes` never became connections."""

    process: str
    connections: int
    calls: int
    all_connections: int
    all_calls: int
    reset_calls: int
    received_bytes: int
    sent_bytes: int
    failed_handshakes: int


@dataclass(frozen=True, slots=True)
class Upstream:
    """An endpoint that a process hands calls on to. `health` is HEALTHY, or why it is given no calls."""

    process: str
    name: str
    endpoint: str
    health: str
    connections: int
    calls: int
    all_calls: int
    failed_calls: int


@dataclass(frozen=True, slots=True)
class Connections:
    """Those of all processes that answer."""

    doors: tuple[Door, ...]
    upstreams: tuple[Upstream, ...]


def connections_of(run: Path, processes: list[str]) -> Connections:
    """Asks each process's Envoy, in its folder below `run`. Blocks; one that does not answer is left out."""
    doors: list[Door] = []
    upstreams: list[Upstream] = []
    for process in processes:
        try:
            counters = _ask(run / process, f"/stats?format=json&filter={_FILTER.replace('|', '%7C')}")
            clusters = _ask(run / process, "/clusters?format=json")
        except (local_http.LocalError, ValueError):
            continue
        doors.append(door(process, counters))
        upstreams += upstreams_in(process, clusters)
    return Connections(tuple(doors), tuple(upstreams))


def door(process: str, answer: Any) -> Door:
    """From what Envoy answers to /stats?format=json."""
    counters = {item["name"]: item["value"] for item in answer.get("stats", ()) if "name" in item}

    def of(name: str) -> int:
        return int(counters.get(_DOORS + name, 0))

    failed = sum(int(value) for name, value in counters.items() if name.endswith(_TLS_FAILURES))
    return Door(
        process,
        connections=of("cx_active"),
        calls=of("rq_active"),
        all_connections=of("cx_total"),
        all_calls=of("rq_total"),
        reset_calls=of("rq_rx_reset"),
        received_bytes=of("cx_rx_bytes_total"),
        sent_bytes=of("cx_tx_bytes_total"),
        failed_handshakes=failed,
    )


def upstreams_in(process: str, answer: Any) -> list[Upstream]:
    """From what Envoy answers to /clusters?format=json."""
    return [
        _upstream(process, cluster["name"], host)
        for cluster in answer.get("cluster_statuses", ())
        for host in cluster.get("host_statuses", ())
    ]


def _upstream(process: str, name: str, host: Any) -> Upstream:
    counters = {item["name"]: int(item.get("value", 0)) for item in host.get("stats", ())}
    health = host.get("health_status", {})
    why = [reason.removeprefix("failed_") for reason, holds in sorted(health.items()) if holds is True]
    return Upstream(
        process,
        name,
        _endpoint(host.get("address", {})),
        ", ".join(why) or str(health.get("eds_health_status", _HEALTHY)),
        connections=counters.get("cx_active", 0),
        calls=counters.get("rq_active", 0),
        all_calls=counters.get("rq_total", 0),
        failed_calls=counters.get("rq_error", 0),
    )


def _endpoint(address: Any) -> str:
    if "pipe" in address:
        return f"unix:{address['pipe']['path']}"
    socket = address.get("socket_address", {})
    return f"{socket.get('address', '')}:{socket.get('port_value', '')}"


def _ask(folder: Path, path: str) -> Any:
    return json.loads(local_http.request(folder, ADMIN_SOCKET, "GET", path, timeout_seconds=_TIMEOUT_SECONDS))
