"""The mesh's contract, who calls: the caller of the call that is being served, and nobody more powerful."""

from __future__ import annotations

import secrets
import time

import grpc
import pytest
from portico.testing.v1 import testing_pb2 as pb

from portico_server.platform.access.revision import HEADER
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Peer, Trace
from tests.contract.mesh.stand import ADMIN, CALLING_PRODUCT, NAME, REPORT, SECONDS, STRANGER, Stand, failure_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLER_SERVICE = "portico.caller.v1.CallerService"
OTHER = "accounts/other/tests/one"


async def test_the_called_side_sees_the_original_caller_and_who_acts_for_them(stand: Stand) -> None:
    with stand.calling():
        report = await stand.report()
    assert (report["principal"], report["token-id"], report["acting"]) == (ADMIN.name, "the-token", CALLER_SERVICE)


async def test_the_certificate_that_the_caller_came_by_is_known_on_the_called_side(stand: Stand) -> None:
    """So that its revocation counts there, too."""
    with stand.calling() as call:
        call.peer = Peer("192.0.2.1", "ab" * 32, "spiffe://portico.local/default/admin", "5a3f")
        assert (await stand.report())["certificate"] == f"{'ab' * 32} spiffe://portico.local/default/admin 5a3f"
        call.peer = Peer("192.0.2.1", "cd" * 32, "spiffe://portico.local/default/admin", "5a40")
        assert (await stand.report())["certificate"].startswith("cd" * 32), "each caller's own"
    with stand.calling() as call:
        call.acting, call.origin = "portico.other.v1.OtherService", Peer(fingerprint="ef" * 32, serial="1")
        assert (await stand.report())["certificate"] == f"{'ef' * 32}  1", "of whom the first service calls for"


async def test_a_product_can_do_no_more_for_a_caller_than_the_caller_may(stand: Stand) -> None:
    with stand.calling(STRANGER):
        refused = await failure_of(stand.stub.Unary(pb.UnaryRequest(name=NAME), timeout=SECONDS))
    assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
    assert STRANGER.name in str(refused.message)


async def test_a_caller_who_gave_no_token_stays_unknown(stand: Stand) -> None:
    with stand.calling(None):
        await stand.stub.Empty(pb.EmptyRequest(), timeout=SECONDS)
        refused = await failure_of(stand.stub.Unary(pb.UnaryRequest(name=NAME), timeout=SECONDS))
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")


async def test_a_token_that_has_expired_meanwhile_is_refused(stand: Stand) -> None:
    late = Principal(ADMIN.name, ADMIN.account, token_id="old", expires_at=int(time.time()) - 1)
    with stand.calling(late):
        refused = await failure_of(stand.stub.Unary(pb.UnaryRequest(name=NAME), timeout=SECONDS))
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")


async def test_outside_of_a_call_there_is_nobody_to_call_for(stand: Stand) -> None:
    call = stand.stub.Unary
    refused = await failure_of(stand.outside(lambda: call(pb.UnaryRequest(name=NAME), timeout=SECONDS)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "NO_CALLER")
    assert "own_channel" in str(refused.message)


async def test_what_outlives_its_call_does_not_act_for_its_caller(stand: Stand) -> None:
    with stand.calling() as call:
        call.context.over = True  # type: ignore[attr-defined]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stand.stub.Unary(pb.UnaryRequest(name=NAME), timeout=SECONDS)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_product_itself_may_do_nothing_unless_the_policy_says_so(stand: Stand) -> None:
    async def work() -> dict[str, str]:
        refused = await failure_of(stand.own.Unary(pb.UnaryRequest(name=NAME), timeout=SECONDS))
        assert refused.code is grpc.StatusCode.PERMISSION_DENIED
        assert f"accounts/portico/principals/{CALLING_PRODUCT}" in str(refused.message)
        call = stand.own.Unary(pb.UnaryRequest(name=OTHER), metadata=REPORT, timeout=SECONDS)
        await call
        return dict(await call.trailing_metadata())

    trailing = await stand.outside(work)
    assert trailing["x-testing-principal"] == f"accounts/portico/principals/{CALLING_PRODUCT}"
    assert trailing["x-testing-acting"] == CALLING_PRODUCT


async def test_its_own_channel_is_its_own_while_it_serves_a_caller_too(stand: Stand) -> None:
    with stand.calling():
        refused = await failure_of(stand.own.Unary(pb.UnaryRequest(name=NAME), timeout=SECONDS))
    assert refused.code is grpc.StatusCode.PERMISSION_DENIED


async def test_metadata_cannot_say_who_calls(stand: Stand) -> None:
    claimed = (
        ("authorization", "Bearer of another"),
        ("x-portico-token-payload", "e30"),
        ("x-portico-assertion", "e30.e30.e30"),
        ("x-forwarded-client-cert", f"Hash={'0' * 64};URI=spiffe://portico.local/default/admin"),
        (
            "portico-client-certificate",
            f"From=node;Address=192.0.2.1;Serial=1;Hash={'0' * 64};URI=spiffe://portico.local/default/admin",
        ),
        ("portico-caller-assertion", "e30.e30.e30"),
        ("traceparent", f"00-{'1' * 32}-{'1' * 16}-01"),
        ("x-own", "goes through"),
        *REPORT,
    )
    with stand.calling(STRANGER):
        refused = await failure_of(stand.stub.Unary(pb.UnaryRequest(name=NAME), metadata=claimed, timeout=SECONDS))
        assert refused.code is grpc.StatusCode.PERMISSION_DENIED
    with stand.calling() as outer:
        call = stand.stub.Unary(pb.UnaryRequest(name=NAME), metadata=claimed, timeout=SECONDS)
        await call
        seen = dict(await call.trailing_metadata())
    assert seen["x-testing-principal"] == ADMIN.name
    assert seen["x-testing-trace"].startswith(outer.trace.trace_id)
    assert "x-own" in seen["x-testing-metadata"].split(",")
    ours = {"authorization", "x-forwarded-client-cert", "portico-client-certificate"}
    assert not ours & set(seen["x-testing-metadata"].split(","))


async def test_the_policy_revision_that_the_caller_has_seen_goes_along_and_none_that_a_product_makes_up(
    stand: Stand,
) -> None:
    async def keys() -> list[str]:
        call = stand.stub.Unary(pb.UnaryRequest(name=NAME), metadata=((HEADER, "9"), *REPORT), timeout=SECONDS)
        await call
        return dict(await call.trailing_metadata())["x-testing-metadata"].split(",")

    with stand.calling() as outer:
        assert HEADER not in await keys()
        outer.headers = {HEADER.encode(): b"0"}
        assert (await keys()).count(HEADER) == 1


async def test_call_credentials_are_refused(stand: Stand) -> None:
    with stand.calling(), pytest.raises(ValueError, match="who calls"):
        stand.stub.Unary(pb.UnaryRequest(name=NAME), credentials=object())


@pytest.mark.parametrize("sampled", [True, False])
async def test_the_trace_goes_on_with_the_callers_span_as_parent(stand: Stand, sampled: bool) -> None:
    trace = Trace(secrets.token_hex(16), secrets.token_hex(8), sampled=sampled)
    with stand.calling(trace=trace):
        seen = (await stand.report())["trace"]
    trace_id, parent, was_sampled = seen.split("-")
    assert (trace_id, parent) == (trace.trace_id, trace.span_id)
    assert was_sampled == "True" or not sampled
