"""The limits step: rates and concurrency of a caller, over all processes of a machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.rpc import error_details_pb2

from portico_server.gateway import limits as limits_module
from portico_server.gateway import shared_limits
from portico_server.gateway.limits import Limiter, limits
from portico_server.gateway.shared_limits import SharedLimits
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call, Peer
from portico_server.platform.errors import ApiError
from portico_server.platform.limits import Limits
from tests.unit.gateway.fakes import ADMIN, FakeContext, new_call, run

OTHER = Principal("accounts/default/principals/other", "default")
HEALTH = "/grpc.health.v1.Health/Check"
SLOW = 0.001
"""Calls a second: none comes back while a test runs."""


class Overrides:
    """Limits of principals that have their own."""

    def __init__(self, **limits: Limits) -> None:
        self.version = 0
        self.limits = {f"accounts/default/principals/{name}": value for name, value in limits.items()}

    def limits_of(self, principal: str) -> Limits | None:
        return self.limits.get(principal)


class Context(FakeContext):
    def __init__(self, peer: str) -> None:
        super().__init__()
        self._peer = peer

    def peer(self) -> str:
        return self._peer


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SharedLimits]:
    opened = SharedLimits(tmp_path)
    yield opened
    opened.close()


def admitted(limiter: Limiter, principal: Principal | None = ADMIN, calls: int = 1, **more: Any) -> list[Call]:
    """So many calls of the principal, all let in."""
    made = [new_call(principal=principal, **more) for _ in range(calls)]
    for call in made:
        limiter.admit(call)
    return made


def end(call: Call) -> None:
    assert call.at_end is not None
    call.at_end()


def refusal(limiter: Limiter, principal: Principal | None = ADMIN, **more: Any) -> ApiError:
    with pytest.raises(ApiError) as refused:
        limiter.admit(new_call(principal=principal, **more))
    assert refused.value.code.name == "RESOURCE_EXHAUSTED"
    return refused.value


def test_a_burst_is_let_in_and_no_call_more(shared: SharedLimits) -> None:
    limiter = Limiter(shared, Limits(SLOW, 5), Overrides())
    admitted(limiter, calls=5)
    error = refusal(limiter)
    assert error.reason == "RATE_LIMITED"
    admitted(limiter, OTHER, calls=5)


def test_calls_come_back_at_the_rate(shared: SharedLimits) -> None:
    limiter = Limiter(shared, Limits(50.0, 1), Overrides())
    begin = time.monotonic()
    let_in = 0
    while let_in < 20:
        try:
            admitted(limiter)
            let_in += 1
        except ApiError as error:
            time.sleep(error.retry_after_seconds or 0.0)
    assert time.monotonic() - begin >= 19 / 50 - 0.01


def test_a_refusal_says_who_how_much_and_when_to_try_again(shared: SharedLimits) -> None:
    limiter = Limiter(shared, Limits(0.5, 1), Overrides())
    admitted(limiter)
    call = new_call(principal=ADMIN)
    with pytest.raises(ApiError) as refused:
        limiter.admit(call)
    details = refused.value.status().details
    quota, retry = error_details_pb2.QuotaFailure(), error_details_pb2.RetryInfo()
    assert any(detail.Unpack(quota) for detail in details)
    assert any(detail.Unpack(retry) for detail in details)
    assert quota.violations[0].subject == ADMIN.name
    assert 1.0 < retry.retry_delay.ToTimedelta().total_seconds() <= 2.0
    assert call.response_headers == [("retry-after", "2")]


def test_no_more_calls_are_in_flight_than_may_be(shared: SharedLimits) -> None:
    limiter = Limiter(shared, Limits(concurrent_calls=2), Overrides())
    first, _ = admitted(limiter, calls=2)
    assert refusal(limiter).reason == "CONCURRENCY_LIMITED"
    admitted(limiter, OTHER)
    end(first)
    admitted(limiter)
    assert refusal(limiter).reason == "CONCURRENCY_LIMITED"


def test_the_policy_gives_a_principal_other_limits_and_takes_them_back(shared: SharedLimits) -> None:
    overrides = Overrides(admin=Limits(concurrent_calls=1))
    limiter = Limiter(shared, Limits(), overrides)
    (call,) = admitted(limiter)
    refusal(limiter)
    overrides.limits, overrides.version = {}, 1
    admitted(limiter, calls=100)
    end(call)


def test_zero_is_no_limit(shared: SharedLimits) -> None:
    limiter = Limiter(shared, Limits(), Overrides())
    assert all(call.at_end is None for call in admitted(limiter, calls=1000))


def test_strangers_are_told_apart_by_certificate_and_address(shared: SharedLimits) -> None:
    limiter = Limiter(shared, Limits(SLOW, 1), Overrides())
    for peer in ("ipv4:192.0.2.1:5000", "ipv4:192.0.2.2:5000", "ipv6:[2001:db8::1]:5000", "ipv6:[2001:db8:0:1::1]:9"):
        admitted(limiter, None, context=Context(peer))
    for same in ("ipv4:192.0.2.1:6000", "ipv6:[2001:db8::2]:5000"):
        assert refusal(limiter, None, context=Context(same)).reason == "RATE_LIMITED"
    certified = new_call(context=Context("ipv4:192.0.2.1:6000"))
    certified.peer = Peer(fingerprint="ab" * 32)
    limiter.admit(certified)


async def test_health_is_exempt(shared: SharedLimits) -> None:
    step = limits(Limiter(shared, Limits(SLOW, 1, 1), Overrides()))
    for _ in range(10):
        assert await run(step, new_call(HEALTH, context=Context("ipv4:192.0.2.1:5000")))
    assert await run(step, new_call(principal=ADMIN))
    with pytest.raises(ApiError):
        await run(step, new_call(principal=ADMIN))


def test_two_processes_hold_one_limit(tmp_path: Path) -> None:
    first, second = SharedLimits(tmp_path), SharedLimits(tmp_path)
    first.look_at_seats()
    both = [Limiter(shared, Limits(SLOW, 8, 3), Overrides()) for shared in (first, second)]
    calls = [*admitted(both[0], calls=2), *admitted(both[1], calls=1)]
    for limiter in both:
        assert refusal(limiter).reason == "CONCURRENCY_LIMITED"
    for call in calls:
        end(call)
    let_in = 5  # those, and the two that were refused: they cost as much
    for limiter in both * 10:
        with contextlib.suppress(ApiError):
            end(*admitted(limiter))
            let_in += 1
    assert let_in == 8
    assert {refusal(limiter).reason for limiter in both} == {"RATE_LIMITED"}
    first.close()
    second.close()


def take_and_die(folder: Path) -> None:
    shared = SharedLimits(folder)
    admitted(Limiter(shared, Limits(concurrent_calls=5), Overrides()), calls=5)


def test_what_a_process_held_when_it_died_is_given_back(tmp_path: Path, shared: SharedLimits) -> None:
    process = multiprocessing.get_context("spawn").Process(target=take_and_die, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    shared.look_at_seats()
    limiter = Limiter(shared, Limits(concurrent_calls=5), Overrides())
    admitted(limiter, calls=5)
    assert refusal(limiter).reason == "CONCURRENCY_LIMITED"


def test_many_callers_take_bounded_memory_and_full_tables_hurt_nobody(
    shared: SharedLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_limits, "PLACES", 16)
    monkeypatch.setattr(limits_module, "REMEMBERED", 8)
    limiter = Limiter(shared, Limits(SLOW, 2), Overrides())
    for number in range(200):
        principal = Principal(f"accounts/default/principals/p{number}", "default")
        admitted(limiter, principal, calls=2)
        assert refusal(limiter, principal).reason == "RATE_LIMITED"
    assert len(limiter._callers) <= 8


def test_a_bucket_written_by_a_clock_far_ahead_is_only_empty(shared: SharedLimits) -> None:
    words, place, _ = shared.words_of("somebody")
    words[place + shared_limits.FULL_AT] = time.monotonic_ns() + 10**18
    taken, wait_ns = shared.lease(words, place, 1, 10**9, 5 * 10**9)
    assert taken == 0
    assert wait_ns <= 10**9


def test_a_call_costs_microseconds(shared: SharedLimits) -> None:
    limiter = Limiter(shared, Limits(1_000_000, 10_000_000, 5_000), Overrides())
    call = new_call(principal=ADMIN)

    def nanoseconds_a_call() -> float:
        start = time.perf_counter_ns()
        for _ in range(1_000):
            limiter.admit(call)
            call.at_end()  # type: ignore[misc]
        return (time.perf_counter_ns() - start) / 1_000

    assert min(nanoseconds_a_call() for _ in range(20)) < 10_000
