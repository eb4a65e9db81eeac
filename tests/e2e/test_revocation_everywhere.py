"""What is revoked is refused by every process of a platform, at the next call and in streams that are open; and limits
hold for all of them together."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico.gateway.v1 import revocations_pb2, revocations_pb2_grpc
from portico_server.host.supervisor.port import connections_of
from portico_server.platform.private_files import replace_file
from tests.e2e.calls import ACCOUNT, ADMIN, Failure
from tests.e2e.revoking import (
    CERTIFICATE_REVOKED,
    SECONDS,
    TOKEN_REVOKED,
    id_of,
    keyring_of,
    lists_buckets,
    new_certificate,
    new_token,
    refusal,
    revoke_certificate,
    sha256_of,
)
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import layout_settings
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.waiting import wait_until

MOST_CONNECTIONS = 200
FEW = 4
LIMITED = f"""
[[bindings]]
principals = ["{ACCOUNT}/principals/slow", "{ACCOUNT}/principals/narrow"]
permissions = ["*"]
resources = ["{ACCOUNT}"]

[[limits]]
principals = ["{ACCOUNT}/principals/slow"]
calls_per_second = 0.001
call_burst = {FEW}

[[limits]]
principals = ["{ACCOUNT}/principals/narrow"]
concurrent_calls = {FEW}
"""
NAME = f"{ACCOUNT}/tests/t"


@pytest.fixture(scope="module", params=["apart", "workers"])
def spread(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """`apart`: a process for each product behind one front; `workers`: three fronts on PostgreSQL."""
    with (
        layout_settings(request.param) as settings,
        running_platform(tmp_path_factory.mktemp("spread"), **{**settings, **TESTING_PRODUCT}) as running,
    ):
        replace_file(running.policy_file, running.policy + LIMITED.encode())
        wait_until(lambda: _binds(running, "narrow"), "the policy is in force")
        yield running


@contextlib.contextmanager
def channels_to_every_front(platform: RunningPlatform, **options: Any) -> Iterator[list[grpc.Channel]]:
    """So many connections, each kept, that every process behind the doors has one."""
    fronts = [process.pid for process in platform.state.processes if process.name.startswith("front")]
    before = {pid: connections_of(pid, {platform.port}) for pid in fronts}
    with contextlib.ExitStack() as stack:
        channels: list[grpc.Channel] = []
        while len(channels) < MOST_CONNECTIONS:
            channels.append(stack.enter_context(platform.channel(**options)))
            grpc.channel_ready_future(channels[-1]).result(SECONDS)
            if all(connections_of(pid, {platform.port}) > before[pid] for pid in fronts):
                break
        else:
            pytest.fail("one of the fronts gets no connections")
        yield channels


def answered(call: Callable[[], Any]) -> str:
    """How a call ended: with nothing, or for which reason."""
    try:
        call()
    except grpc.RpcError as error:
        return Failure(error).reason
    return ""


def _binds(platform: RunningPlatform, principal: str) -> bool:
    token = new_token(keyring_of(platform), f"{ACCOUNT}/principals/{principal}")
    with platform.channel(token=token) as channel:
        return answered(lambda: unary(channel)) == ""


def unary(channel: grpc.Channel) -> Any:
    request = testing_pb2.UnaryRequest(name=NAME)
    return testing_pb2_grpc.TestingServiceStub(channel).Unary(request, timeout=SECONDS)


@pytest.mark.parametrize("by", ["token", "principal", "certificate_sha256", "certificate_serial"])
def test_what_is_revoked_is_refused_by_every_process_on_connections_that_are_open(
    spread: RunningPlatform, by: str
) -> None:
    """By those that were not asked to revoke, and for both products, at once after the answer."""
    keyring = keyring_of(spread)
    certificate, parsed = new_certificate(keyring)
    principal = f"{ACCOUNT}/principals/narrow" if by == "principal" else ADMIN
    token = new_token(keyring, principal)
    with channels_to_every_front(spread, certificate=certificate, token=token) as channels:
        calls = [call for channel in channels for call in (lists_buckets(channel), lambda c=channel: unary(c))]
        for call in calls:
            call()
        if by == "token":
            with spread.channel() as own:
                request = revocations_pb2.RevokeTokenRequest(parent=ACCOUNT, token_id=id_of(token))
                revocations_pb2_grpc.RevocationServiceStub(own).RevokeToken(request, timeout=SECONDS)
        elif by == "principal":
            with spread.channel() as own:
                revocations_pb2_grpc.RevocationServiceStub(own).RevokePrincipalTokens(
                    revocations_pb2.RevokePrincipalTokensRequest(name=principal), timeout=SECONDS
                )
        else:
            subject = sha256_of(parsed) if by == "certificate_sha256" else f"{parsed.serial_number:x}"
            revoke_certificate(spread, **{by: subject})
        expected = CERTIFICATE_REVOKED if by.startswith("certificate") else TOKEN_REVOKED
        assert [refusal(call) for call in calls] == [expected] * len(calls)
    with spread.channel() as own:
        lists_buckets(own)()


@pytest.mark.parametrize("by", ["token", "certificate"])
def test_a_stream_that_is_open_ends_at_its_next_message(spread: RunningPlatform, by: str) -> None:
    keyring = keyring_of(spread)
    certificate, _ = new_certificate(keyring)
    token = new_token(keyring)
    with contextlib.ExitStack() as stack:
        channels = stack.enter_context(channels_to_every_front(spread, certificate=certificate, token=token))
        streams = [Stream(channel) for channel in channels]
        for _ in range(2):
            for stream in streams:
                assert stream.echo()
        if by == "token":
            own = stack.enter_context(spread.channel())
            request = revocations_pb2.RevokeTokenRequest(parent=ACCOUNT, token_id=id_of(token))
            revocations_pb2_grpc.RevocationServiceStub(own).RevokeToken(request, timeout=SECONDS)
        else:
            revoke_certificate(spread, client_certificate=certificate.certificate)
        expected = TOKEN_REVOKED if by == "token" else CERTIFICATE_REVOKED
        assert [refusal(stream.echo) for stream in streams] == [expected] * len(streams)


@pytest.mark.parametrize("by", ["token", "certificate"])
def test_a_stream_that_only_answers_is_cut_short(spread: RunningPlatform, by: str) -> None:
    """Its client sends nothing more by which it could be refused; it could go on for ever."""
    keyring = keyring_of(spread)
    certificate, _ = new_certificate(keyring)
    token = new_token(keyring)
    with contextlib.ExitStack() as stack:
        channels = stack.enter_context(channels_to_every_front(spread, certificate=certificate, token=token))
        endless = testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[1] * 1000, delay_millis=200)
        stubs = [testing_pb2_grpc.TestingServiceStub(channel) for channel in channels]
        streams = [stub.ServerStream(endless, timeout=4 * SECONDS) for stub in stubs]
        others = stack.enter_context(spread.channel())
        goes_on = testing_pb2_grpc.TestingServiceStub(others).ServerStream(endless, timeout=4 * SECONDS)
        for stream in (*streams, goes_on):
            next(stream)
        if by == "token":
            request = revocations_pb2.RevokeTokenRequest(parent=ACCOUNT, token_id=id_of(token))
            revocations_pb2_grpc.RevocationServiceStub(others).RevokeToken(request, timeout=SECONDS)
        else:
            revoke_certificate(spread, client_certificate=certificate.certificate)
        expected = TOKEN_REVOKED if by == "token" else CERTIFICATE_REVOKED
        assert [refusal(lambda s=stream: list(s)) for stream in streams] == [expected] * len(streams)
        next(goes_on)
        goes_on.cancel()


class Stream:
    """A stream of both directions that stays open."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._requests: queue.SimpleQueue[testing_pb2.BidiStreamRequest] = queue.SimpleQueue()
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        self._call = stub.BidiStream(iter(self._requests.get, None), timeout=2 * SECONDS)

    def echo(self) -> Any:
        """One message there and one back."""
        self._requests.put(testing_pb2.BidiStreamRequest(name=NAME, sizes_bytes=[1]))
        return next(self._call)

    def cancel(self) -> None:
        self._call.cancel()


def test_a_rate_is_that_of_the_whole_machine(spread: RunningPlatform) -> None:
    """Over every front in turn; a process could give out a whole burst of its own."""
    token = new_token(keyring_of(spread), f"{ACCOUNT}/principals/slow")
    with channels_to_every_front(spread, token=token) as channels:
        calls = [call for channel in channels for call in (lists_buckets(channel), lambda c=channel: unary(c))]
        reasons = [answered(calls[number % len(calls)]) for number in range(len(calls) + 4 * FEW)]
    assert set(reasons) == {"", "RATE_LIMITED"}
    assert reasons.count("") == FEW


def test_concurrency_is_that_of_the_whole_machine(spread: RunningPlatform) -> None:
    token = new_token(keyring_of(spread), f"{ACCOUNT}/principals/narrow")
    wait_until(lambda: _binds(spread, "narrow"), "tokens that were issued since are good")
    token = new_token(keyring_of(spread), f"{ACCOUNT}/principals/narrow")
    with channels_to_every_front(spread, token=token) as channels:
        streams = [Stream(channels[number % len(channels)]) for number in range(2 * FEW)]
        reasons = [answered(stream.echo) for stream in streams]
        assert sorted(reasons) == [""] * FEW + ["CONCURRENCY_LIMITED"] * FEW
        assert {answered(lists_buckets(channel)) for channel in channels} == {"CONCURRENCY_LIMITED"}
        for stream in streams:
            stream.cancel()
        wait_until(lambda: _binds(spread, "narrow"), "ended streams are counted out")
