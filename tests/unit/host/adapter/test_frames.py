"""Messages out of body events: how the bytes are split never matters, and what is wrong is found before it is kept."""

from __future__ import annotations

import contextlib
import itertools
import struct

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico_server.host.adapter.frames import HEADER_BYTES, Frames, header
from portico_server.platform.errors import ApiError

LIMIT = 1000
messages = st.lists(st.tuples(st.booleans(), st.binary(max_size=LIMIT)), max_size=12)


def wire(sent: list[tuple[bool, bytes]]) -> bytes:
    return b"".join(header(compressed, len(payload)) + payload for compressed, payload in sent)


def taken(frames: Frames, in_pieces_from: int = LIMIT + 1) -> list[tuple[bool, bytes]]:
    found = []
    while True:
        if (pieces := frames.take_pieces(in_pieces_from)) is not None:
            found.append((False, b"".join(pieces)))
        elif (payload := frames.take()) is not None:
            found.append((frames.compressed, payload))
        else:
            return found


@given(
    sent=messages,
    cuts=st.lists(st.integers(0, 15_000), max_size=40),
    greedy=st.booleans(),
    in_pieces_from=st.integers(1, LIMIT + 1),
)
def test_any_split_of_the_bytes_gives_the_same_messages(
    sent: list[tuple[bool, bytes]], cuts: list[int], greedy: bool, in_pieces_from: int
) -> None:
    body = wire(sent)
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    frames, found = Frames(LIMIT), []
    for start, end in itertools.pairwise(edges):
        frames.feed(body[start:end])
        if greedy:
            found += taken(frames, in_pieces_from)
    found += taken(frames, in_pieces_from)
    assert found == sent
    assert frames.size_bytes == 0
    frames.finish()


@given(sent=messages.filter(bool), cut=st.integers(min_value=1))
def test_an_end_inside_a_message_is_an_error(sent: list[tuple[bool, bytes]], cut: int) -> None:
    body = wire(sent)
    last_bytes = HEADER_BYTES + len(sent[-1][1])
    frames = Frames(LIMIT)
    frames.feed(body[: len(body) - 1 - cut % (last_bytes - 1)])
    assert taken(frames) == sent[:-1]
    with pytest.raises(ApiError) as failure:
        frames.finish()
    assert failure.value.reason == "MESSAGE_TRUNCATED"


@given(body=st.binary(max_size=300), size=st.integers(1, 300))
def test_any_bytes_give_messages_or_an_api_error(body: bytes, size: int) -> None:
    frames = Frames(LIMIT)
    with contextlib.suppress(ApiError):
        for start in range(0, len(body), size):
            frames.feed(body[start : start + size])
            taken(frames)
        frames.finish()


def test_a_message_over_the_limit_is_refused_by_its_header_alone() -> None:
    frames = Frames(LIMIT)
    frames.feed(header(0, LIMIT + 1))
    with pytest.raises(ApiError) as failure:
        frames.take()
    assert failure.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert failure.value.metadata == {"max_message_bytes": str(LIMIT)}


def test_a_message_of_the_limit_is_taken() -> None:
    frames = Frames(LIMIT)
    frames.feed(header(0, LIMIT) + bytes(LIMIT))
    assert frames.take() == bytes(LIMIT)


@pytest.mark.parametrize("flag", [2, 128, 255])
def test_a_flag_that_grpc_does_not_know_is_refused(flag: int) -> None:
    frames = Frames(LIMIT)
    frames.feed(struct.pack(">BI", flag, 0))
    with pytest.raises(ApiError) as failure:
        frames.take()
    assert failure.value.reason == "FRAME_MALFORMED"
