"""Large bytes cut out of messages and put into them by hand: protobuf reads and writes the very same."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from google.api import httpbody_pb2
from google.protobuf import any_pb2, empty_pb2
from google.protobuf.internal import encoder
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.objects.v1 import objects_pb2
from portico_server.host.adapter import bulk

PutRequest = objects_pb2.PutObjectRequest
GetResponse = objects_pb2.GetObjectResponse
LARGE = bytes(range(256)) * 512

names = st.text(max_size=20)
cuts = st.lists(st.integers(0, len(LARGE) + 2000), max_size=6)


def split(wire: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(wire)) for cut in at), len(wire)]
    return [wire[start:end] for start, end in itertools.pairwise(edges) if end > start]


def put(wire: bytes, at: list[int] | None = None) -> tuple[bytes, bytes] | None:
    return bulk.cut_out(split(wire, at or []), PutRequest.DESCRIPTOR)


@given(name=names, content_type=st.text(max_size=300), md5=st.binary(max_size=20), cuts=cuts)
@settings(max_examples=60)
def test_a_message_without_its_data_and_these_are_the_message(
    name: str, content_type: str, md5: bytes, cuts: list[int]
) -> None:
    message = PutRequest(name=name, data=httpbody_pb2.HttpBody(content_type=content_type, data=LARGE))
    if md5:
        message.checksums.md5 = md5
    found = put(message.SerializeToString(), cuts)
    assert found is not None
    assert found[1] == LARGE
    assert len(found[0]) < 3000
    rest = PutRequest.FromString(found[0])
    rest.data.data = LARGE
    assert rest == message


def body(data: bytes, **fields: Any) -> bytes:
    return PutRequest(data=httpbody_pb2.HttpBody(data=data, **fields)).SerializeToString()


DATA = httpbody_pb2.HttpBody(data=LARGE).SerializeToString()
UNUSUAL = {
    "small": body(bytes(bulk.LEAST_BYTES // 2)),
    "without a body": PutRequest(name="n" * len(LARGE)).SerializeToString(),
    "a body of two data": b"\x12" + encoder._VarintBytes(len(DATA) * 2) + DATA * 2,
    "two bodies": body(LARGE) + body(b"other"),
    "the second one empty": body(LARGE) + b"\x12\x00",
    "something behind the data": body(LARGE, extensions=[any_pb2.Any(value=b"x")]),
    "much before it": PutRequest(name="n" * 3000).SerializeToString() + body(LARGE),
    "much behind it": body(LARGE) + PutRequest(name="n" * 3000).SerializeToString(),
    "a group before it": b"\x7b\x7c" + body(LARGE),
    "fixed bytes behind it": body(LARGE) + b"\x79" + bytes(8),
    "cut short": body(LARGE)[:-1],
    "a broken end": body(LARGE) + b"\xff",
    "an endless number": b"\xff" * len(LARGE),
    "too many": body(bytes(bulk.MOST_BYTES + 1)),
}


@pytest.mark.parametrize("what", UNUSUAL)
def test_what_stands_in_another_way_is_left_to_protobuf(what: str) -> None:
    assert put(UNUSUAL[what]) is None


@given(st.binary(max_size=40), st.binary(max_size=40))
@settings(max_examples=200)
def test_whatever_stands_around_the_data_is_read_as_protobuf_reads_it_or_left(before: bytes, behind: bytes) -> None:
    wire = before + body(LARGE) + behind
    found = put(wire)
    if found is None:
        return
    assert found[1] == LARGE
    try:
        whole = PutRequest.FromString(wire)
    except Exception:  # then what is left of it is no message either
        with pytest.raises(Exception, match="parsing"):
            PutRequest.FromString(found[0])
        return
    rest = PutRequest.FromString(found[0])
    assert not rest.data.data
    rest.data.data = LARGE
    assert rest == whole


@given(content_type=st.text(max_size=40), offset=st.integers(0, 2**40), size=st.sampled_from([1, 127, 128, len(LARGE)]))
def test_data_behind_what_frames_them_are_the_message(content_type: str, offset: int, size: int) -> None:
    message = GetResponse(offset_bytes=offset, length_bytes=size)
    if content_type:
        message.data.content_type = content_type
    whole = GetResponse()
    whole.CopyFrom(message)
    whole.data.data = LARGE[:size]
    assert GetResponse.FromString(bulk.framed(message, size) + LARGE[:size]) == whole


def test_only_messages_with_one_body_have_large_bytes() -> None:
    assert bulk.body_field(PutRequest.DESCRIPTOR) == "data"
    assert bulk.body_field(empty_pb2.Empty.DESCRIPTOR) == ""
    assert bulk.cut_out([LARGE], empty_pb2.Empty.DESCRIPTOR) is None
