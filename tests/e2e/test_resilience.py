"""Two nodes that serve one product alike, called through a third: what becomes of callers where one of them fails."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from typing import Any, NamedTuple

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico_server.host import local_http
from portico_server.platform.settings import from_json
from tests.e2e.calls import ACCOUNT
from tests.e2e.test_processes import in_flight
from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.layouts("one", reason="the nodes' fronts, which serve all, are stopped and killed")

NAME = f"{ACCOUNT}/tests/a"
REPORT = ("x-testing-report", "1")
IN_A_ROW = 20


class Nodes(NamedTuple):
    """`near` takes the testing product's calls on to `one` and `other`."""

    near: RunningPlatform
    one: RunningPlatform
    other: RunningPlatform

    def figure(self, name: str) -> int:
        """A figure of Envoy's about the way to both."""
        key = f"cluster.testing.{name}"
        text = local_http.request(
            self.near.front_folder, "admin.sock", "GET", f"/stats?filter={key}$", timeout_seconds=30
        )
        return int(text.rpartition(":")[2])

    def are_well(self) -> bool:
        """Whether calls go to both."""
        well = self.figure("membership_healthy") == 2
        return well and self.figure("outlier_detection.ejections_active") == 0


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    folder = tmp_path_factory.mktemp("resilience")
    served: dict[str, Any] = {"mesh_listen": "127.0.0.1:0", "unresponsive_seconds": 600.0, **TESTING_PRODUCT}
    with running_platform(folder / "one", **served) as one:
        for name in ("other", "near"):
            (folder / name / "data").mkdir(parents=True, mode=0o700)
            shutil.copytree(one.data / "keys", folder / name / "data" / "keys")
        with running_platform(folder / "other", **served) as other:
            peers = tuple(f"testing={mesh_of(node)}" for node in (one, other))
            with running_platform(folder / "near", peers=peers, **TESTING_PRODUCT) as near:
                yield Nodes(near, one, other)


def mesh_of(platform: RunningPlatform) -> str:
    return from_json((platform.settings.run / "settings.json").read_text()).mesh_listen


@pytest.fixture
def nodes(started: Nodes) -> Nodes:
    wait_until(started.are_well, "both nodes are well", 90)
    return started


@pytest.fixture
def stub(nodes: Nodes) -> Iterator[testing_pb2_grpc.TestingServiceStub]:
    with nodes.near.channel() as channel:
        yield testing_pb2_grpc.TestingServiceStub(channel)


def reader(stub: Any, *metadata: tuple[str, str]) -> int:
    """The process that served a call without side effects."""
    _, call = stub.Empty.with_call(testing_pb2.EmptyRequest(), timeout=30, metadata=[REPORT, *metadata])
    return process_of(call)


def writer(stub: Any, *metadata: tuple[str, str]) -> int | grpc.RpcError:
    """The process that served another call, or why it failed."""
    try:
        request = testing_pb2.UnaryRequest(name=NAME)
        _, call = stub.Unary.with_call(request, timeout=30, metadata=[REPORT, *metadata])
    except grpc.RpcError as error:
        return error
    return process_of(call)


def process_of(call: grpc.Call) -> int:
    return int(dict(call.trailing_metadata())["x-testing-process"])


def tells_to_try_again(error: Any) -> bool:
    """Whether it is UNAVAILABLE with RetryInfo."""
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    return error.code() is grpc.StatusCode.UNAVAILABLE and any(
        detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in status.details
    )


def failing_at(node: RunningPlatform) -> tuple[str, str]:
    return ("x-testing-unavailable-at", str(node.front_pid))


def test_both_are_called(nodes: Nodes, stub: Any) -> None:
    wait_until_both_are_called(nodes, stub)


def wait_until_both_are_called(nodes: Nodes, stub: Any) -> None:
    for node in (nodes.one, nodes.other):
        wait_until(lambda node=node: reader(stub) == node.front_pid, "it is called")


def test_a_node_that_hangs_is_left_out_until_it_goes_on(nodes: Nodes, stub: Any) -> None:
    hung, well = nodes.one.front_pid, nodes.other.front_pid
    os.kill(hung, signal.SIGSTOP)
    try:
        wait_until(lambda: nodes.figure("membership_healthy") == 1, "it does not answer for its health")
        assert {reader(stub) for _ in range(IN_A_ROW)} == {well}
        assert {writer(stub) for _ in range(IN_A_ROW)} == {well}
    finally:
        os.kill(hung, signal.SIGCONT)
    wait_until(lambda: reader(stub) == hung, "it is called again")


def test_reads_outlive_a_node_that_dies_and_other_calls_are_told_to_try_again(nodes: Nodes, stub: Any) -> None:
    died = nodes.one.front_pid
    os.kill(died, signal.SIGKILL)
    refused = []

    def is_back() -> bool:
        served = reader(stub)  # which must not fail
        told = writer(stub)
        if isinstance(told, grpc.RpcError):
            refused.append(told)
        return served not in (died, nodes.other.front_pid)

    wait_until(is_back, "the node that was started again is called again", 90)
    assert all(map(tells_to_try_again, refused))


def test_where_none_is_left_callers_are_told_to_try_again(nodes: Nodes, stub: Any) -> None:
    before = {nodes.one.front_pid, nodes.other.front_pid}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    refused = writer(stub)
    assert isinstance(refused, grpc.RpcError)
    assert tells_to_try_again(refused)
    wait_until(lambda: isinstance(writer(stub), int), "one is back", 90)


def test_more_calls_than_may_be_in_flight_are_refused_at_once(nodes: Nodes, stub: Any) -> None:
    """The bound is lowered for the test, by Envoy's administration."""
    key = "circuit_breakers.testing.default.max_requests"
    set_runtime(nodes.near, key, "2")
    try:
        slow = testing_pb2.UnaryRequest(name=NAME, delay_millis=60_000)
        held = [stub.Unary.future(slow, timeout=60) for _ in range(2)]
        wait_until(lambda: nodes.figure("upstream_rq_active") == 2, "two are in flight")
        refused = writer(stub)
        assert isinstance(refused, grpc.RpcError)
        assert tells_to_try_again(refused)
        for call in held:
            call.cancel()
        wait_until(lambda: isinstance(writer(stub), int), "there is room again")
    finally:
        set_runtime(nodes.near, key, "")


def set_runtime(platform: RunningPlatform, key: str, value: str) -> None:
    path = f"/runtime_modify?{key}={value}"
    local_http.request(platform.front_folder, "admin.sock", "POST", path, timeout_seconds=30)


def test_a_deadline_is_kept_by_the_node_that_serves_and_its_work_ends(nodes: Nodes) -> None:
    """The client of this call keeps none by itself."""
    body = {"delayMillis": 60_000}
    answer = nodes.near.http("POST", f"/v1/testing/{NAME}", json_body=body, headers={"grpc-timeout": "300m"})
    assert (answer.status, answer.json()["details"][0]["reason"]) == (504, "DEADLINE_EXCEEDED")
    assert len(answer.headers["x-ray-id"]) == 32, "it is an answer of the call's own"
    for node in (nodes.one, nodes.other):
        wait_until(lambda node=node: in_flight(node.settings.run / "front") == 0, "its work is over")


def test_a_caller_that_goes_away_ends_the_work_at_the_node(nodes: Nodes, stub: Any) -> None:
    call = stub.Unary.future(testing_pb2.UnaryRequest(name=NAME, delay_millis=60_000), timeout=60)
    served = [node.settings.run / "front" for node in (nodes.one, nodes.other)]
    wait_until(lambda: sum(map(in_flight, served)) == 1, "the call is served")
    call.cancel()
    wait_until(lambda: sum(map(in_flight, served)) == 0, "the work is over")


def test_a_node_that_cannot_serve_costs_no_read_and_is_left_out(nodes: Nodes, stub: Any) -> None:
    """It is well by its own word, and answers UNAVAILABLE."""
    wait_until_both_are_called(nodes, stub)
    well, failing = nodes.other.front_pid, failing_at(nodes.one)
    assert {reader(stub, failing) for _ in range(5)} == {well}
    again = nodes.figure("upstream_rq_retry")
    failed = 0

    def is_left_out() -> bool:
        nonlocal failed
        request = testing_pb2.UnaryRequest(name=NAME)
        calls = [stub.Unary.future(request, timeout=30, metadata=[failing]) for _ in range(IN_A_ROW * 2)]
        failed += sum(call.code() is grpc.StatusCode.UNAVAILABLE for call in calls)
        return nodes.figure("outlier_detection.ejections_active") == 1

    wait_until(is_left_out, "it is left out")
    assert failed > 0
    assert nodes.figure("upstream_rq_retry") == again, "what may have had effects is not sent again"
    wait_until(lambda: reader(stub) == nodes.one.front_pid, "it is tried again after a while", 90)
