"""Step: no caller makes more calls a second, or has more in flight, than it may; whichever process they come to.

A caller is the principal; where there is none (a public method, a token that is refused) the certificate or, without
one, the address. Health is exempt: who watches a platform must not be told that it is busy with somebody else. So are
calls that a product makes for the caller: the call that they serve is counted, and would else wait for itself.

A process leases calls out of the caller's bucket, as many as come in some 20 ms, and gives them out itself: most calls
cost two look-ups and a few additions. So of N processes a caller may have N leases more than its limit says, and, where
calls begin in several processes at the very same moment, N - 1 calls more in flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import math
from collections.abc import AsyncIterator, Awaitable
from time import monotonic_ns

import grpc

from portico_server.gateway.shared_limits import COUNTS, SharedLimits, Words
from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.errors import ApiError
from portico_server.platform.limits import Limits, LimitsOf
from portico_server.platform.settings import Settings

REMEMBERED = 10_000
"""Callers that a process remembers at once."""

_LEASES_PER_SECOND = 50
_LEASE_SHARE = 8
"""A lease is at most this part of a burst."""
_LEASE_NS = 1_000_000_000
"""How long a lease is good: what is left of it then is lost."""
_BUSY_SECONDS = 0.1
"""After what time to try again where too many calls are in flight: nobody knows when one ends."""
_SEATS_SECONDS = 2.0
"""How soon a process notices others that have come or gone."""
_EXEMPT = "/grpc.health.v1.Health/"


class _Caller:
    """What a process knows of one caller. `leave` counts a call of its out."""

    __slots__ = ("burst_ns", "counted", "interval_ns", "key", "lapses_ns", "lease", "left", "limits", "place", "words")

    def __init__(self, limits: Limits, words: Words, place: int, key: int, seat: int) -> None:
        self.limits = limits
        self.interval_ns = self.burst_ns = 0
        self.lease = 1
        if limits.calls_per_second:
            burst = limits.call_burst or max(1, math.ceil(limits.calls_per_second))
            self.interval_ns = max(1, round(1e9 / limits.calls_per_second))
            self.burst_ns = burst * self.interval_ns
            self.lease = max(1, int(min(burst / _LEASE_SHARE, limits.calls_per_second / _LEASES_PER_SECOND)))
        self.left = 0
        self.lapses_ns = 0
        self.stand(words, place, key, seat)

    def stand(self, words: Words, place: int, key: int, seat: int) -> None:
        """Says where the caller is counted."""
        self.words, self.place, self.key = words, place, key
        self.counted = place + COUNTS + seat


class Limiter:
    """The limits of all callers. `usual`: of those for whom `overrides` has no others."""

    def __init__(self, shared: SharedLimits, usual: Limits, overrides: LimitsOf) -> None:
        self._shared = shared
        self._usual = usual
        self._overrides = overrides
        self._callers: dict[str, _Caller] = {}
        self._version = overrides.version

    def admit(self, call: Call) -> None:
        """Counts a call in; its end counts it out. Raises ApiError (RESOURCE_EXHAUSTED)."""
        name = call.principal.name if call.principal is not None else stranger(call)
        caller = self._caller(name)
        limits = caller.limits
        if limits.calls_per_second:
            self._take(name, caller, call)
        if limits.concurrent_calls:
            words, counted, shared = caller.words, caller.counted, self._shared
            in_flight = words[counted]
            for seat in shared.others:
                in_flight += words[caller.place + COUNTS + seat]
            if in_flight >= limits.concurrent_calls:
                raise _too_many(call, name, limits.concurrent_calls)
            words[counted] += 1
            call.at_end = _Leave(words, counted)

    def charge(self, call: Call, name: str = "") -> None:
        """Counts a call that nobody known makes, and that ends now; or that of a caller whose name became known late.
        Raises ApiError (RESOURCE_EXHAUSTED)."""
        name = name or stranger(call)
        caller = self._caller(name)
        if caller.limits.calls_per_second:
            self._take(name, caller, call)

    def _caller(self, name: str) -> _Caller:
        if self._overrides.version != self._version:
            self._version = self._overrides.version
            self._callers.clear()
        caller = self._callers.get(name)
        if caller is None:
            if len(self._callers) >= REMEMBERED:
                del self._callers[next(iter(self._callers))]
            limits = self._overrides.limits_of(name) or self._usual
            caller = self._callers[name] = _Caller(limits, *self._shared.words_of(name), self._shared.seat)
        elif caller.words[caller.place] != caller.key:  # it was idle, and another caller has taken its place
            caller.stand(*self._shared.words_of(name), self._shared.seat)
        return caller

    def _take(self, name: str, caller: _Caller, call: Call) -> None:
        now = monotonic_ns()
        if caller.left and now < caller.lapses_ns:
            caller.left -= 1
            return
        leased, wait_ns = self._shared.lease(
            caller.words, caller.place, caller.lease, caller.interval_ns, caller.burst_ns
        )
        if not leased:
            raise _too_fast(call, name, caller.limits, wait_ns / 1e9)
        caller.left = leased - 1
        caller.lapses_ns = now + _LEASE_NS


@contextlib.asynccontextmanager
async def open_limiter(settings: Settings, overrides: LimitsOf) -> AsyncIterator[Limiter]:
    """The limits that the settings give, kept together with the machine's other processes. Raises OSError."""
    shared = SharedLimits(settings.run)

    async def look_at_seats() -> None:
        while True:
            await asyncio.sleep(_SEATS_SECONDS)
            with contextlib.suppress(OSError):
                await asyncio.to_thread(shared.look_at_seats)

    looking = asyncio.create_task(look_at_seats())
    usual = Limits(settings.calls_per_second, settings.call_burst, settings.concurrent_calls)
    try:
        yield Limiter(shared, usual, overrides)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        shared.close()


class _Leave:
    """Counts a call out where it was counted in."""

    __slots__ = ("_at", "_words")

    def __init__(self, words: Words, at: int) -> None:
        self._words = words
        self._at = at

    def __call__(self) -> None:
        if self._words[self._at]:
            self._words[self._at] -= 1


def limits(limiter: Limiter) -> Step:
    """Belongs behind identity. Answers what `proceed` does: the end of a call is told by the call itself. It takes a
    microsecond or two, so it notes no time of its own."""

    def step(call: Call, proceed: Handler) -> Awaitable[None]:
        if not (call.acting or call.method.path.startswith(_EXEMPT)):
            limiter.admit(call)
        return proceed(call)

    return step


def stranger(call: Call) -> str:
    """What stands for a caller without a name: its certificate, or its address, of IPv6 the network of a customer."""
    if call.peer.fingerprint:
        return f"certificate {call.peer.fingerprint}"
    kind, _, rest = call.context.peer().partition(":")
    host = rest.rpartition(":")[0].strip("[]")
    if kind != "ipv6":
        return f"address {host}"
    network = ipaddress.ip_network(f"{host.partition('%')[0]}/64", strict=False)
    return f"address {network}"


def _too_fast(call: Call, name: str, limits: Limits, wait_seconds: float) -> ApiError:
    _tell_http(call, wait_seconds)
    burst = limits.call_burst or math.ceil(limits.calls_per_second)
    return ApiError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "RATE_LIMITED",
        f"{name} may make {limits.calls_per_second:g} calls a second, {burst} at once; "
        f"try again in {wait_seconds:.3f} s",
        metadata={"subject": name, "calls_per_second": f"{limits.calls_per_second:g}", "call_burst": str(burst)},
        retry_after_seconds=wait_seconds,
        quota_subject=name,
    )


def _too_many(call: Call, name: str, most: int) -> ApiError:
    _tell_http(call, _BUSY_SECONDS)
    return ApiError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "CONCURRENCY_LIMITED",
        f"{name} may have {most} calls in flight, and has; try again when one of them has ended",
        metadata={"subject": name, "concurrent_calls": str(most)},
        retry_after_seconds=_BUSY_SECONDS,
        quota_subject=name,
    )


def _tell_http(call: Call, wait_seconds: float) -> None:
    """Retry-After (RFC 9110, 10.2.3) has whole seconds."""
    call.response_headers.append(("retry-after", str(max(1, math.ceil(wait_seconds)))))
