"""Metrics: the platform's own in Prometheus's format, on its socket and on a port of this machine; Envoy's own."""

from __future__ import annotations

import http.client
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from tests.e2e.calls import ACCOUNT
from tests.harness import RunningPlatform, running_platform
from tests.harness.waiting import wait_until

UNARY = "/portico.testing.v1.TestingService/Unary"

_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
_SAMPLE = re.compile(
    rf"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{{(?P<labels>(?:{_LABEL}(?:,{_LABEL})*)?,?)\}})?"
    r" (?P<value>[+-]?(?:[0-9.]+(?:e[+-]?[0-9]+)?|Inf)|NaN)(?: [0-9]+)?"
)
_COMMENT = re.compile(
    r"# (?:HELP (?P<described>\S+) .*|TYPE (?P<typed>\S+) (?:counter|gauge|histogram|summary|untyped))"
)
_SUFFIXES = ("_bucket", "_sum", "_count")


class OverSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket; the path may be longer than a socket's address can be."""

    def __init__(self, path: Path) -> None:
        super().__init__("front", timeout=10)
        self._path = path

    def connect(self) -> None:
        folder = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)


def fetch(connection: http.client.HTTPConnection, path: str) -> tuple[str, str]:
    """The content type and the text of a page that is there."""
    connection.request("GET", path)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert response.status == 200, text
    return response.getheader("content-type") or "", text


def parse(text: str) -> dict[str, float]:
    """Samples by name and labels. Fails for what is not Prometheus's text format, version 0.0.4: each line is a comment
    or a sample, each family is described once, before its samples, and in one piece."""
    assert text.endswith("\n")
    samples: dict[str, float] = {}
    families: list[str] = []
    for line in text.splitlines():
        if comment := _COMMENT.fullmatch(line):
            family = comment["described"] or comment["typed"]
            if not families or families[-1] != family:
                assert family not in families, f"{family} comes in two pieces"
                families.append(family)
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, line
        name = sample["name"]
        assert families, line
        assert families[-1] in {name, *(name.removesuffix(suffix) for suffix in _SUFFIXES)}, line
        key = line.rpartition(" ")[0]
        assert key not in samples, f"{key} is there twice"
        samples[key] = float(sample["value"].replace("Inf", "inf"))
    return samples


def scraped(platform: RunningPlatform) -> dict[str, float]:
    """What all processes have counted together."""
    totals: dict[str, float] = {}
    for process in platform.state.processes:
        content_type, text = fetch(OverSocket(platform.settings.run / process.name / "control.sock"), "/metrics")
        assert content_type.startswith("text/plain; version=0.0.4")
        for key, value in parse(text).items():
            totals[key] = totals.get(key, 0) + value
    return totals


@pytest.fixture
def stub(platform: RunningPlatform) -> Iterator[testing_pb2_grpc.TestingServiceStub]:
    with platform.channel() as channel:
        yield testing_pb2_grpc.TestingServiceStub(channel)


def request(**fields: object) -> testing_pb2.UnaryRequest:
    return testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a", **fields)  # type: ignore[arg-type]


def test_calls_are_counted_and_timed_by_method_and_code(
    platform: RunningPlatform, stub: testing_pb2_grpc.TestingServiceStub
) -> None:
    counted = f'portico_calls_total{{method="{UNARY}",code="OK"}}'
    failed = f'portico_calls_total{{method="{UNARY}",code="DATA_LOSS"}}'
    timed = f'portico_call_duration_seconds_count{{method="{UNARY}"}}'
    before = scraped(platform)
    stub.Unary(request(), timeout=10)
    with pytest.raises(grpc.RpcError):
        stub.Unary(request(status=testing_pb2.Status(code=15)), timeout=10)
    after = scraped(platform)
    assert [after[key] - before.get(key, 0) for key in (counted, failed, timed)] == [1, 1, 2]
    assert after[f'portico_call_duration_seconds_bucket{{method="{UNARY}",le="+Inf"}}'] == after[timed]


def test_calls_in_flight_are_counted_while_they_last(
    platform: RunningPlatform, stub: testing_pb2_grpc.TestingServiceStub
) -> None:
    def in_flight() -> float:
        return scraped(platform)["portico_calls_in_flight"]

    wait_until(lambda: in_flight() == 0, "no call is left from other tests")
    calls = [stub.Unary.future(request(delay_millis=30_000), timeout=40) for _ in range(3)]
    wait_until(lambda: in_flight() == 3, "the calls are served")
    for call in calls:
        call.cancel()
    wait_until(lambda: in_flight() == 0, "the calls are over")


def test_names_that_clients_invent_do_not_become_labels(platform: RunningPlatform) -> None:
    with platform.channel() as channel:
        call = channel.unary_unary("/invented.Service/Invented")
        with pytest.raises(grpc.RpcError):
            call(b"", timeout=10)
    samples = scraped(platform)
    assert not any("invented" in key for key in samples)
    assert samples['portico_calls_total{method="_OTHER",code="UNIMPLEMENTED"}'] >= 1


def test_the_process_and_its_telemetry_are_measured(platform: RunningPlatform) -> None:
    samples = scraped(platform)
    assert 20e6 < samples["portico_resident_memory_bytes"] < 2e9
    assert 0 < samples["portico_cpu_seconds_total"] < scraped(platform)["portico_cpu_seconds_total"]
    assert samples["portico_telemetry_dropped_records_total"] == 0


def test_envoys_own_statistics_are_on_its_socket(platform: RunningPlatform) -> None:
    _, text = fetch(OverSocket(platform.front_folder / "admin.sock"), "/stats/prometheus")
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert any(line.startswith("envoy_http_downstream_rq_total{") and 'prefix="api"' in line for line in samples)


def test_prometheus_may_be_given_a_port_of_this_machine_and_reads_no_more_there(tmp_path: Path) -> None:
    port = free_port()
    with running_platform(tmp_path, metrics_listen=f"127.0.0.1:{port}"):
        _, text = fetch(http.client.HTTPConnection("127.0.0.1", port, timeout=10), "/metrics")
        assert 'portico_calls_in_flight{process="front"}' in parse(text)
        for method, path in (("POST", "/metrics"), ("GET", "/"), ("GET", "/stats"), ("GET", "/metrics/../config_dump")):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request(method, path)
            assert connection.getresponse().status == 404
            connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
