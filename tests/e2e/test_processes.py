"""Products in processes of their own: the front's Envoy takes calls on, and they enforce everything themselves."""

from __future__ import annotations

import base64
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc
from portico_server.host import local_http
from portico_server.host.supervisor import Door, Upstream, connections, restart
from portico_server.host.supervisor.announcement import Event
from portico_server.platform.keyring import Keyring
from portico_server.platform.settings import Settings
from tests.e2e.calls import ACCOUNT, ADMIN, Failure, Objects, failure_of
from tests.e2e.test_trace import found, traceparent
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.platform import TESTING_PRODUCT, StartFailed
from tests.harness.waiting import wait_until

pytestmark = SPREADS_ITSELF

SERVICE = "portico.testing.v1.TestingService"
UNARY = f"/{SERVICE}/Unary"
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    folder = tmp_path_factory.mktemp("apart")
    with running_platform(folder, processes=("objects", "testing"), **TESTING_PRODUCT) as running:
        yield running


def unary(platform: RunningPlatform, **fields: object) -> testing_pb2.UnaryResponse:
    with platform.channel() as channel:
        request = testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a", **fields)  # type: ignore[arg-type]
        return testing_pb2_grpc.TestingServiceStub(channel).Unary(request, timeout=30)


def health(platform: RunningPlatform, service: str) -> int:
    with platform.channel(token=None) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return health_pb2_grpc.HealthStub(channel).Check(request, timeout=30).status


def behind(platform: RunningPlatform, process: str) -> grpc.Channel:
    """A channel to a process's own door, as the front has one."""
    return grpc.insecure_channel(f"unix:{os.path.relpath(platform.settings.run / process / 'door.sock')}")


def test_each_has_a_process_and_the_status_tells_of_it(apart: RunningPlatform) -> None:
    assert [(process.name, process.phase) for process in apart.state.processes] == [
        ("front", "ready"),
        ("objects", "ready"),
        ("testing", "ready"),
    ]
    assert len({process.pid for process in apart.state.processes}) == 3
    assert {path.name for path in (apart.data / "logs").iterdir()} >= {"front.log", "objects.log", "testing.log"}


def test_connections_and_calls_in_flight_are_told_of_each_process(apart: RunningPlatform) -> None:
    def told() -> tuple[dict[str, Door], dict[str, Upstream]]:
        found = connections(apart.settings)
        assert found is not None
        doors = {door.process: door for door in found.doors}
        return doors, {f"{upstream.process} to {upstream.name}": upstream for upstream in found.upstreams}

    before, _ = told()
    request = testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a", delay_millis=60_000)
    with apart.channel() as channel:
        call = testing_pb2_grpc.TestingServiceStub(channel).Unary.future(request, timeout=60)
        wait_until(lambda: told()[0]["testing"].calls, "the call is in flight in its process")
        doors, upstreams = told()
        call.cancel()

    assert doors["front"].connections >= 1
    assert doors["front"].calls >= 1
    assert doors["front"].all_calls > before["front"].all_calls
    assert doors["front"].received_bytes > before["front"].received_bytes
    assert upstreams["front to testing"].health == "HEALTHY"
    assert upstreams["front to testing"].calls >= 1
    wait_until(lambda: told()[0]["front"].reset_calls > before["front"].reset_calls, "the reset is counted")


def test_only_its_own_process_opens_a_products_database(apart: RunningPlatform) -> None:
    file = str(apart.data / "databases" / "objects.sqlite")
    opens = {
        process.name: file in {os.path.realpath(link) for link in Path(f"/proc/{process.pid}/fd").iterdir()}
        for process in apart.state.processes
    }
    assert opens == {"front": False, "objects": True, "testing": False}


def test_a_call_taken_on_is_one_event_of_the_process_that_served_it_in_the_callers_trace(
    apart: RunningPlatform,
) -> None:
    trace_id, client_span, header = traceparent()
    with apart.channel() as channel:
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        answer, call = stub.Unary.with_call(
            testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a", text="x"), timeout=30, metadata=[header]
        )
        kept = found(channel, trace_id, 1)
    sent = dict((*call.initial_metadata(), *call.trailing_metadata()))
    [event] = kept.request_events
    assert (answer.text, event.method, event.ray_id) == ("x", UNARY, sent["x-ray-id"])
    assert {span.parent_span_id for span in kept.spans} >= {client_span}
    addresses = {span.attributes["client.address"] for span in kept.spans if "client.address" in span.attributes}
    assert addresses <= {"127.0.0.1"}, "the front's word of the caller's address goes along"


def test_the_trace_is_there_as_soon_as_the_call_has_ended(apart: RunningPlatform) -> None:
    answer = apart.http("POST", f"/v1/{ACCOUNT}/tests/a:unary", json_body={"text": "x"})
    assert answer.status in (200, 404)
    ray = apart.http("GET", f"/v1/{ACCOUNT}/buckets").headers["x-ray-id"]
    assert apart.http("GET", f"/v1/{ACCOUNT}/traces/{ray}").json()["requestEvents"][0]["rayId"] == ray


def test_a_process_verifies_tokens_itself_and_believes_no_payload(apart: RunningPlatform) -> None:
    claims = {"iss": "https://portico.local", "aud": "portico", "sub": ADMIN, "exp": 9999999999, "iat": 1, "jti": "x"}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    request = buckets_pb2.ListBucketsRequest(parent=ACCOUNT)
    with behind(apart, "objects") as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        for metadata, reason in (
            ([], "TOKEN_MISSING"),
            ([("x-portico-token-payload", payload)], "TOKEN_MISSING"),
            ([("authorization", f"Bearer e30.{payload}.e30"), ("x-portico-token-payload", payload)], "TOKEN_MALFORMED"),
        ):
            refused = failure_of(lambda given=metadata: stub.ListBuckets(request, timeout=30, metadata=given))
            assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)
        stub.ListBuckets(request, timeout=30, metadata=apart.metadata())


def test_a_bound_token_goes_with_its_certificate_through_the_front_and_with_no_invented_one(
    apart: RunningPlatform,
) -> None:
    keyring = Keyring.open(apart.data, "portico.local", ["localhost"])
    invented = bytes(32)
    bound = keyring.sign_token(ADMIN, client_id="test", lifetime_seconds=600, certificate_sha256=invented)
    spoofed = f"Hash={invented.hex()};URI=spiffe://portico.local/default/admin"
    with apart.channel(token=bound) as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        for header in ("x-forwarded-client-cert", "portico-client-certificate"):
            refused = failure_of(
                lambda name=header: stub.ListBuckets(
                    buckets_pb2.ListBucketsRequest(parent=ACCOUNT), timeout=30, metadata=[(name, spoofed)]
                )
            )
            assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "CERTIFICATE_MISMATCH")


def test_the_doors_of_processes_are_for_this_user_alone(apart: RunningPlatform) -> None:
    for name in ("objects", "testing"):
        folder = (apart.settings.run / name).resolve()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "door.sock").stat().st_mode & 0o777 == 0o600


def test_a_deadline_holds_and_a_cancelled_call_ends_behind_the_front(apart: RunningPlatform) -> None:
    with apart.channel() as channel:
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        slow = testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a", delay_millis=60_000)
        assert failure_of(lambda: stub.Unary(slow, timeout=0.5)).code is grpc.StatusCode.DEADLINE_EXCEEDED
        call = stub.Unary.future(slow, timeout=60)
        served = apart.settings.run / "testing"
        wait_until(lambda: in_flight(served) == 1, "the call is served")
        call.cancel()
        wait_until(lambda: in_flight(served) == 0, "the call is over")


def test_a_deadline_is_kept_by_the_process_that_serves_and_its_work_ends(apart: RunningPlatform) -> None:
    """The client of this call keeps none by itself."""
    path, headers = f"/v1/testing/{ACCOUNT}/tests/a", {"grpc-timeout": "300m"}
    answer = apart.http("POST", path, json_body={"delayMillis": 60_000}, headers=headers)
    assert (answer.status, answer.json()["details"][0]["reason"]) == (504, "DEADLINE_EXCEEDED")
    wait_until(lambda: in_flight(apart.settings.run / "testing") == 0, "the work is over")


def in_flight(folder: Path) -> int:
    text = local_http.request(folder, "control.sock", "GET", "/metrics", timeout_seconds=10)
    return int(next(line for line in text.splitlines() if line.startswith("portico_calls_in_flight ")).split()[1])


def test_what_a_dead_process_served_is_unavailable_with_advice_and_the_rest_goes_on(tmp_path: Path) -> None:
    with running_platform(tmp_path, processes=("testing",), unresponsive_seconds=60.0, **TESTING_PRODUCT) as platform:
        assert unary(platform, text="before").text == "before"
        pid = platform.pid_of("testing")
        link = platform.settings.run / "testing"
        link.rename(link.with_suffix(".away"))  # so that it stays unreachable, however fast it comes back
        os.kill(pid, signal.SIGKILL)
        with platform.channel() as channel:
            stub = testing_pb2_grpc.TestingServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.Unary(testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a"), timeout=30)
            refused = Failure(caught.value)
            assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")
            status = status_pb2.Status.FromString(dict(caught.value.trailing_metadata())["grpc-status-details-bin"])
            retry = error_details_pb2.RetryInfo()
            assert any(detail.Unpack(retry) for detail in status.details)
            assert retry.retry_delay.seconds == 1
            Objects(channel).make_bucket()
        wait_until(lambda: health(platform, SERVICE) == NOT_SERVING, "the product's health says so")
        assert health(platform, "") == SERVING
        wait_until(lambda: Event.RESTARTED in [item.event for item in platform.announcements], "the process is back")
        assert platform.pid_of("testing") != pid
        assert unary(platform, text="after").text == "after"
        wait_until(lambda: health(platform, SERVICE) == SERVING, "it is healthy again")
        news = next(item.message for item in platform.announcements if item.event is Event.RESTARTING)
        assert news.startswith(f"The process testing (process {pid}) was ended by SIGKILL")


def test_a_restart_replaces_every_process_and_loses_nothing(tmp_path: Path) -> None:
    with running_platform(tmp_path, processes=("objects",)) as platform:
        with platform.channel() as channel:
            bucket = Objects(channel).make_bucket()
        before = {process.name: process.pid for process in platform.state.processes}
        assert restart(platform.settings)
        after = {process.name: process.pid for process in platform.state.processes}
        assert before.keys() == after.keys()
        assert not set(before.values()) & set(after.values())
        with platform.channel() as channel:
            Objects(channel).put(f"{bucket}/objects/a", b"x")
        assert len(list(platform.settings.run.glob("front.*"))) == 1, "the folder of before is gone"


def test_a_restart_of_no_platform_says_so(tmp_path: Path) -> None:
    assert restart(Settings(data=tmp_path)) is False


def test_a_product_that_there_is_not_gets_no_process(tmp_path: Path) -> None:
    refusal = "the setting `processes` names 'object'; the products are access, dns, objects"
    with pytest.raises(StartFailed, match=refusal), running_platform(tmp_path, processes=("object",)):
        pass
