"""The ways in which servicers are written, and what they may ask of their context."""

from __future__ import annotations

import grpc
import pytest

from tests.interop.conftest import Host
from tests.interop.inside import wait_until
from tests.interop.wire import framed

STYLES = "/portico.testing.Styles"


def test_a_servicer_may_write_its_responses(channel: grpc.Channel) -> None:
    responses = channel.unary_stream(f"{STYLES}/WrittenStream")(b"5")
    assert list(responses) == [b"0", b"1", b"2", b"3", b"4"]


def test_a_servicer_may_read_its_requests_and_write_its_responses(channel: grpc.Channel) -> None:
    responses = channel.stream_stream(f"{STYLES}/ReadAndWritten")(iter([b"a", b"", b"c"]))
    assert list(responses) == [b"a", b"", b"c"]


def test_a_servicer_may_read_its_requests_and_return_one_response(channel: grpc.Channel) -> None:
    assert channel.stream_unary(f"{STYLES}/ReadWhole")(iter([b"a", b"b"])) == b"a+b"


def test_a_servicer_need_not_be_async(channel: grpc.Channel) -> None:
    assert channel.unary_unary(f"{STYLES}/Blocking")(b"loud") == b"LOUD"
    assert list(channel.stream_stream(f"{STYLES}/BlockingBidi")(iter([b"a", b"b"]))) == [b"A", b"B"]


def test_a_servicer_that_is_not_async_may_abort(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        channel.unary_unary(f"{STYLES}/Blocking")(b"abort")
    assert (failure.value.code(), failure.value.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "as you said")


def test_the_context_tells_of_the_call(channel: grpc.Channel) -> None:
    response, call = channel.unary_unary(f"{STYLES}/Context").with_call(b"", timeout=10)
    assert response == b"ipv4,False,False,True"
    trailing = dict(call.trailing_metadata())
    assert (trailing["x-fact"], trailing["x-fact-bin"]) == ("one", b"\x00\xff")
    assert call.details() == ""


def test_a_code_that_is_set_ends_the_call_without_the_response(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        channel.unary_unary(f"{STYLES}/SetCode")(b"")
    assert (failure.value.code(), failure.value.details()) == (grpc.StatusCode.DATA_LOSS, "set, not aborted")


def test_initial_metadata_is_sent_when_the_servicer_says_so(channel: grpc.Channel) -> None:
    responses = channel.unary_stream(f"{STYLES}/InitialMetadataFirst")(b"", timeout=10)
    assert ("x-early", "yes") in responses.initial_metadata()
    responses.cancel()


def test_a_status_object_ends_the_call_with_its_details(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        channel.unary_unary(f"{STYLES}/AbortWithStatus")(b"")
    assert failure.value.code() is grpc.StatusCode.ABORTED
    assert dict(failure.value.trailing_metadata())["grpc-status-details-bin"] == b"\x08\x0a\x12\x05again"


def test_a_child_task_that_outlives_its_call_cannot_write(channel: grpc.Channel) -> None:
    outlive = channel.unary_unary(f"{STYLES}/Outlive")
    assert outlive(b"begin") == b""
    wait_until(lambda: outlive(b"ask") == b"ClientDisconnected")


def test_metadata_that_cannot_be_sent_is_an_internal_error(channel: grpc.Channel) -> None:
    for wrong in (b"X-Upper", b"grpc-status", b"with space", b""):
        with pytest.raises(grpc.RpcError) as failure:
            channel.unary_unary(f"{STYLES}/WrongMetadata")(wrong)
        assert failure.value.code() is grpc.StatusCode.INTERNAL


def test_metadata_that_is_malformed_troubles_only_who_asks_for_it(embedded: Host) -> None:
    assert embedded.grpc_post(f"{STYLES}/Blocking", framed(b"x"), k_bin="%%").trailers["grpc-status"] == "0"


def test_done_callbacks_are_called_once(channel: grpc.Channel) -> None:
    count = channel.unary_unary(f"{STYLES}/DoneCallbacks")
    first = int(count(b""))
    assert int(count(b"")) == first + 1
