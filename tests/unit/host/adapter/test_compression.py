"""Compressed messages within bounds."""

from __future__ import annotations

import contextlib
import gzip
import random

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico_server.host.adapter.compression import compress, decompress, request_encoding, response_encoding
from portico_server.platform.errors import ApiError

ENCODINGS = [b"gzip", b"deflate"]
LIMIT = 1_000_000


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, LIMIT])
async def test_a_message_comes_back_as_it_was(encoding: bytes, size: int) -> None:
    for message in (random.Random(size).randbytes(size), bytes(size)):
        assert await decompress(await compress(message, encoding), encoding, LIMIT) == message


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [LIMIT + 1, 100 * LIMIT])
async def test_a_message_over_the_limit_is_refused(encoding: bytes, size: int) -> None:
    payload = await compress(bytes(size), encoding)
    with pytest.raises(ApiError) as failure:
        await decompress(payload, encoding, LIMIT)
    assert failure.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED


@given(payload=st.binary(max_size=200), encoding=st.sampled_from(ENCODINGS))
async def test_any_bytes_are_a_message_or_an_api_error(payload: bytes, encoding: bytes) -> None:
    with contextlib.suppress(ApiError):
        await decompress(payload, encoding, LIMIT)


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: data + b"x", lambda data: data[:5]])
@pytest.mark.parametrize("size", [10, 500_000])
async def test_a_message_that_is_cut_or_longer_is_refused(spoil, size: int) -> None:
    with pytest.raises(ApiError) as failure:
        await decompress(spoil(gzip.compress(bytes(size))), b"gzip", LIMIT)
    assert failure.value.reason == "ENCODING_BROKEN"


async def test_two_members_are_not_one_message() -> None:
    with pytest.raises(ApiError):
        await decompress(gzip.compress(b"a") + gzip.compress(b"b"), b"gzip", LIMIT)


def test_the_encoding_of_a_request_is_read_from_its_header() -> None:
    assert request_encoding({}) == b""
    assert request_encoding({b"grpc-encoding": b"identity"}) == b""
    assert request_encoding({b"grpc-encoding": b"gzip"}) == b"gzip"
    with pytest.raises(ApiError) as failure:
        request_encoding({b"grpc-encoding": b"zstd"})
    assert failure.value.code is grpc.StatusCode.UNIMPLEMENTED


def test_responses_are_compressed_only_as_the_client_accepts() -> None:
    accepting = {b"grpc-accept-encoding": b"identity, deflate"}
    assert response_encoding(grpc.Compression.Deflate, accepting) == b"deflate"
    assert response_encoding(grpc.Compression.Gzip, accepting) == b""
    assert response_encoding(grpc.Compression.NoCompression, accepting) == b""
    assert response_encoding(grpc.Compression.Gzip, {}) == b""
