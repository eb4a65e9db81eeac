"""A platform on the plain host: `grpc.aio` beside Envoy, the same pipeline, the same answers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico_server.host.supervisor.announcement import Event
from tests.e2e.calls import ACCOUNT, Objects, failure_of, puts
from tests.e2e.test_processes import in_flight
from tests.e2e.test_trace import chain, found, traceparent
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.platform import ROOT, TESTING_GEN, TESTING_PRODUCT
from tests.harness.processes import is_alive
from tests.harness.waiting import wait_until

pytestmark = SPREADS_ITSELF

NAME = f"{ACCOUNT}/tests/plain"

# What a Python without a shared library looks like to who searches for one.
NO_LIBPYTHON = "import find_libpython\nfind_libpython.candidate_paths = lambda: iter(())\n"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """Objects have a process of their own."""
    folder = tmp_path_factory.mktemp("plain")
    with running_platform(folder, host="plain", processes=("objects",), **TESTING_PRODUCT) as running:
        yield running


def unary(platform: RunningPlatform, **fields: object) -> testing_pb2.UnaryResponse:
    with platform.channel() as channel:
        request = testing_pb2.UnaryRequest(name=NAME, **fields)  # type: ignore[arg-type]
        return testing_pb2_grpc.TestingServiceStub(channel).Unary(request, timeout=30)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path("/proc", str(pid), "task", str(pid), "children").read_text().split()]


def test_python_is_the_process_and_envoy_its_child(plain: RunningPlatform) -> None:
    assert b"portico_server.host.plain" in Path("/proc", str(plain.front_pid), "cmdline").read_bytes()
    [envoy] = children_of(plain.front_pid)
    assert os.readlink(f"/proc/{envoy}/exe").endswith("envoy")


def test_a_call_passes_the_whole_pipeline_and_is_traced(plain: RunningPlatform) -> None:
    trace_id, client_span, header = traceparent()
    with plain.channel() as channel:
        objects = Objects(channel)
        bucket = objects.make_bucket()
        objects.stub.PutObject(puts(f"{bucket}/objects/a", b"x"), timeout=30, metadata=[header])
        answer = found(channel, trace_id, 3)
    assert chain(answer, "objects.store.put") == [client_span, "gateway", "objects", "objects"]


def test_objects_come_back_by_rest_as_they_were_put(plain: RunningPlatform) -> None:
    content = os.urandom(5_000_000)
    with plain.channel() as channel:
        bucket = Objects(channel).make_bucket()
    path = f"/v1/{bucket}/objects/large"
    assert plain.http("PUT", path, body=content, headers={"content-type": "image/png"}).status == 200
    got = plain.http("GET", path)
    assert "grpc-accept-encoding" not in got.headers
    assert (got.status, got.body == content) == (200, True)
    assert (got.headers["content-type"], got.headers["content-length"]) == ("image/png", str(len(content)))
    assert got.headers["x-ray-id"]


def test_errors_have_details_and_ray_by_grpc_and_by_rest(plain: RunningPlatform) -> None:
    with plain.channel() as channel:
        objects = Objects(channel)
        failure = failure_of(lambda: objects.head(f"{ACCOUNT}/buckets/none/objects/a"))
    assert failure.reason == "BUCKET_NOT_FOUND"
    assert failure.info.metadata["ray_id"]
    answer = plain.http("GET", f"/v1/{ACCOUNT}/buckets/none/objects/a")
    assert answer.status == 404
    assert answer.json()["details"][0]["reason"] == "BUCKET_NOT_FOUND"


def test_without_a_token_nobody_gets_in_whatever_headers_say(plain: RunningPlatform) -> None:
    spoofed = {"x-portico-token-payload": "e30", "x-forwarded-client-cert": "URI=spiffe://portico.local/default/admin"}
    answer = plain.http("GET", f"/v1/{ACCOUNT}/buckets", token=None, headers=spoofed)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_clients_own_deadline_cannot_be_replaced_by_a_header(plain: RunningPlatform) -> None:
    request = testing_pb2.UnaryRequest(name=NAME, delay_millis=60_000)
    metadata = [("x-portico-timeout", "1H")]
    with plain.channel() as channel:
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        late = failure_of(lambda: stub.Unary(request, timeout=1, metadata=metadata))
    assert late.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_deadline_is_kept_by_the_host_and_the_calls_work_ends(plain: RunningPlatform) -> None:
    """The client of this call keeps none by itself."""
    headers = {"grpc-timeout": "300m"}
    answer = plain.http("POST", f"/v1/testing/{NAME}", json_body={"delayMillis": 60_000}, headers=headers)
    assert (answer.status, answer.json()["details"][0]["reason"]) == (504, "DEADLINE_EXCEEDED")
    wait_until(lambda: in_flight(plain.front_folder) == 0, "the work is over")


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/nowhere", 404, "PATH_UNKNOWN"),
        ("DELETE", "/v1/accounts/default/buckets", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/portico.testing.v1.TestingService/Unary", 415, "CONTENT_TYPE_UNKNOWN"),
    ],
)
def test_what_is_no_call_is_answered_by_envoy_in_the_same_json(
    plain: RunningPlatform, method: str, path: str, status: int, reason: str
) -> None:
    answer = plain.http(method, path, headers={"content-type": "text/plain"})
    assert (answer.status, answer.json()["details"][0]["reason"]) == (status, reason)


def test_an_envoy_that_dies_takes_its_process_along_and_both_come_back(tmp_path: Path) -> None:
    with running_platform(tmp_path, host="plain", **TESTING_PRODUCT) as platform:
        before = platform.front_pid
        [envoy] = children_of(before)
        os.kill(envoy, signal.SIGKILL)
        wait_until(lambda: Event.RESTARTED in [item.event for item in platform.announcements], "it is back", 60)
        assert platform.front_pid != before
        assert unary(platform, text="again").text == "again"
        [envoy] = children_of(platform.front_pid)
        os.kill(platform.front_pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(envoy), "Envoy died with its process", 60)


def test_a_stop_lets_a_call_in_flight_end(tmp_path: Path) -> None:
    with running_platform(tmp_path, host="plain", drain_seconds=60.0, **TESTING_PRODUCT) as platform:
        with platform.channel() as channel:
            stub = testing_pb2_grpc.TestingServiceStub(channel)
            call = stub.ServerStream(
                testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[1, 1], delay_millis=2_000), timeout=60
            )
            next(call)  # it is in flight
            platform.process.send_signal(signal.SIGTERM)
            assert len(list(call)) == 1
            assert call.code() is grpc.StatusCode.OK
        assert platform.process.wait(60) == 0


def test_it_steps_in_where_python_cannot_be_embedded_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_LIBPYTHON)
    environment = {"PYTHONPATH": os.pathsep.join(map(str, (tmp_path, ROOT, TESTING_GEN)))}
    with running_platform(tmp_path, environment=environment, **TESTING_PRODUCT) as platform:
        told = next(item for item in platform.announcements if item.event is Event.NOTICE)
        assert "The plain host serves instead" in told.message
        assert "libpython" in told.message
        assert unary(platform, text="served").text == "served"
