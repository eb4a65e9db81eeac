"""Several workers behind the same doors, on one PostgreSQL: alike to callers, replaced without a call that fails."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico.gateway.v1 import telemetry_pb2, telemetry_pb2_grpc
from portico_server.host.supervisor import restart
from tests.e2e.calls import ACCOUNT, Objects
from tests.e2e.test_processes import in_flight
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF, layout_settings
from tests.harness.platform import TESTING_PRODUCT, StartFailed
from tests.harness.waiting import wait_until

pytestmark = SPREADS_ITSELF

WORKER_NAMES = ["front", "front-2"]
CALL_MILLIS = 30
"""Some are in flight at any time, and to make them keeps no processor busy that those who start want."""


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with (
        layout_settings("workers") as settings,
        running_platform(
            tmp_path_factory.mktemp("workers"),
            **{**settings, **TESTING_PRODUCT, "workers": len(WORKER_NAMES), "drain_seconds": 3.0},
        ) as running,
    ):
        yield running


def test_several_workers_on_sqlite_are_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="set database to a PostgreSQL server"), running_platform(tmp_path, workers=2):
        pass


def test_all_of_them_serve_the_same_state_and_find_one_anothers_calls(workers: RunningPlatform) -> None:
    assert [process.name for process in workers.state.processes] == WORKER_NAMES
    served: set[str] = set()
    with workers.channel() as channel:
        bucket = Objects(channel).make_bucket()
    for number in range(200):
        with workers.channel() as channel:  # a connection of its own each, which any worker may get
            Objects(channel).put(f"{bucket}/objects/{number}", b"x")
            slow = testing_pb2_grpc.TestingServiceStub(channel).Unary.future(
                testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a", delay_millis=60_000), timeout=60
            )
            wait_until(lambda: any(in_flight(workers.settings.run / name) for name in WORKER_NAMES), "it is served")
            served |= {name for name in WORKER_NAMES if in_flight(workers.settings.run / name)}
            slow.cancel()
        wait_until(lambda: not any(in_flight(workers.settings.run / name) for name in WORKER_NAMES), "it is over")
        if served == set(WORKER_NAMES):
            break
    assert served == set(WORKER_NAMES)
    with workers.channel() as channel:
        assert sorted(map(int, Objects(channel).keys(bucket))) == list(range(number + 1))
        found = telemetry_pb2_grpc.TelemetryServiceStub(channel).ListRequestEvents(
            telemetry_pb2.ListRequestEventsRequest(
                parent=ACCOUNT, method="/portico.objects.v1.ObjectService/PutObject", page_size=1000
            ),
            timeout=30,
        )
    puts = [event for event in found.request_events if event.resource.startswith(f"{bucket}/")]
    assert len(puts) == number + 1, "every worker's calls are found, also those that have just ended"


def test_the_sockets_by_which_they_hand_over_are_for_this_user_alone(workers: RunningPlatform) -> None:
    """Abstract ones, which Envoy would take by itself, are anybody's."""
    run = workers.settings.run
    sockets = [path for path in run.rglob("*") if path.is_socket() and ".handover" in path.name]
    assert len(sockets) >= len(WORKER_NAMES)
    assert {path.stat().st_mode & 0o777 for path in sockets} == {0o600}
    assert run.stat().st_mode & 0o777 == 0o700
    own = {inode for process in workers.state.processes for inode in sockets_of(process.pid)}
    table = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    assert [row[7] for row in table if row[6] in own and len(row) > 7 and row[7].startswith("@")] == []


def sockets_of(pid: int) -> set[str]:
    """The inodes of a process's sockets."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.add(os.readlink(link).removeprefix("socket:[").rstrip("]"))
    return found


def test_when_one_is_killed_the_others_serve_and_it_comes_back(workers: RunningPlatform) -> None:
    killed = workers.pid_of("front-2")
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: workers.pid_of("front-2") != killed, "another one is started")
    with workers.channel() as channel:
        Objects(channel).make_bucket()
    wait_until(lambda: all(process.phase == "ready" for process in workers.state.processes), "all are ready")


def test_a_restart_replaces_them_and_no_call_fails(workers: RunningPlatform) -> None:
    before = {process.pid for process in workers.state.processes}
    stop, failures, counts = threading.Event(), [], [0, 0]

    def on_one_connection() -> None:
        with workers.channel() as channel:
            stub = testing_pb2_grpc.TestingServiceStub(channel)
            while not stop.is_set():
                call(stub, 0)

    def on_ever_new_ones() -> None:
        while not stop.is_set():
            with workers.channel() as channel:
                call(testing_pb2_grpc.TestingServiceStub(channel), 1)

    def call(stub: testing_pb2_grpc.TestingServiceStub, kind: int) -> None:
        try:
            stub.Unary(testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a", delay_millis=CALL_MILLIS), timeout=60)
            counts[kind] += 1
        except grpc.RpcError as error:
            failures.append(f"{error.code()}: {error.details()}")

    threads = [threading.Thread(target=target) for target in (on_one_connection, on_ever_new_ones) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: all(counts), "calls are made")
        assert restart(workers.settings)
        between = {process.pid for process in workers.state.processes}
        assert restart(workers.settings), "those that took over hand over in their turn"
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert min(counts) > 10
    after = {process.pid for process in workers.state.processes}
    assert not before & between
    assert not between & after
