"""Bodies in chunks: what was signed comes out, and whatever was changed, cut or added is noticed before it is used."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico_server.objects.faces.s3.sigv4 import Signed, verify
from portico_server.platform.errors import ApiError
from tests.unit.objects.s3 import published
from tests.unit.objects.s3.chunks import read, unsigned, with_signatures
from tests.unit.objects.s3.signing import CLOCK, Sent, signed, signers

CHUNKS = (b"first " * 2000, b"second", b"third" * 30_000)
WHOLE = b"".join(CHUNKS)
CHECKSUM = {"x-amz-checksum-crc32": "DUoRhQ=="}
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
REASONS = (
    "",
    "SIGNATURE_DOES_NOT_MATCH",
    "INVALID_CHUNK",
    "INCOMPLETE_BODY",
    "MALFORMED_TRAILER_ERROR",
    "INVALID_CHUNK_SIZE_ERROR",
)


def _headers(kind: str, size_bytes: int = len(WHOLE), trailers: Mapping[str, str] = CHECKSUM) -> dict[str, str]:
    headers = {"x-amz-content-sha256": kind, "x-amz-decoded-content-length": str(size_bytes)}
    return {**headers, "x-amz-trailer": ",".join(trailers)} if kind.endswith("TRAILER") else headers


def _seed(headers: Mapping[str, str]) -> Signed:
    found = verify(signed("PUT", "http://s3.localhost/bucket/key", headers), signers(), CLOCK)
    assert found is not None
    return found


def _refusal(encoded: bytes, headers: Mapping[str, str], seed: Signed | None = None) -> ApiError:
    with pytest.raises(ApiError) as raised:
        asyncio.run(read(encoded, headers, seed))
    return raised.value


@pytest.mark.parametrize("part_bytes", [1, 7, 1000, 1 << 20])
async def test_unsigned_chunks_and_their_trailers_come_out(part_bytes: int) -> None:
    chunks = CHUNKS[:2] if part_bytes == 1 else CHUNKS
    headers = _headers(UNSIGNED, len(b"".join(chunks)))

    pieces, body = await read(unsigned(chunks, CHECKSUM), headers, None, part_bytes=part_bytes)

    assert b"".join(pieces) == b"".join(chunks)
    assert body.trailers == CHECKSUM
    assert body.size_bytes == len(b"".join(chunks))


@pytest.mark.parametrize("part_bytes", [7, 1000, 1 << 20])
@pytest.mark.parametrize("trailers", [{}, CHECKSUM])
async def test_signed_chunks_and_their_trailers_come_out(part_bytes: int, trailers: Mapping[str, str]) -> None:
    headers = _headers(SIGNED + "-TRAILER" if trailers else SIGNED)
    seed = _seed(headers)

    pieces, body = await read(with_signatures(seed, CHUNKS, trailers), headers, seed, part_bytes=part_bytes)

    assert b"".join(pieces) == WHOLE
    assert body.trailers == trailers


@pytest.mark.parametrize("trailed", [False, True])
async def test_the_published_bodies_come_out(trailed: bool) -> None:
    sent: Sent = published.WITH_TRAILER if trailed else published.CHUNKED
    signatures = published.TRAILED_CHUNK_SIGNATURES if trailed else published.CHUNK_SIGNATURES
    seed = verify(sent, published.SIGNERS, published.Clock())
    encoded = b""
    for size_bytes, signature in zip(published.CHUNK_BYTES, signatures, strict=True):
        encoded += f"{size_bytes:x};chunk-signature={signature}\r\n".encode() + b"a" * size_bytes
        encoded += b"\r\n" if size_bytes else b""
    if trailed:
        encoded += ":".join(published.TRAILER).encode() + b"\r\n"
        encoded += f"x-amz-trailer-signature:{published.TRAILER_SIGNATURE}\r\n".encode()

    pieces, body = await read(encoded + b"\r\n", {name.decode(): value.decode() for name, value in sent.headers}, seed)

    assert b"".join(pieces) == b"a" * 66_560
    assert body.trailers == (dict([published.TRAILER]) if trailed else {})


@pytest.mark.parametrize("end", [b"\n\r\n\r\n", b"\n\r\n", b"\r\n", b"\r\n\r\n\r\n", b""])
async def test_some_clients_end_their_trailers_otherwise(end: bytes) -> None:
    encoded = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==" + end

    pieces, body = await read(encoded, _headers(UNSIGNED, 5), None)

    assert (b"".join(pieces), body.trailers) == (b"hello", CHECKSUM)


async def test_some_clients_have_an_empty_line_before_the_trailers_signature() -> None:
    headers = _headers(SIGNED + "-TRAILER")
    seed = _seed(headers)
    encoded = with_signatures(seed, CHUNKS, CHECKSUM).replace(b"==\r\nx-amz", b"==\n\r\nx-amz")

    pieces, body = await read(encoded, headers, seed)

    assert (b"".join(pieces), body.trailers) == (WHOLE, CHECKSUM)


async def test_an_empty_body_is_one_chunk() -> None:
    headers = _headers(SIGNED, 0)
    seed = _seed(headers)

    assert (await read(with_signatures(seed, ()), headers, seed))[0] == []


async def test_unsigned_chunks_may_be_larger_than_what_is_held() -> None:
    whole = random.Random(1).randbytes(20 << 20)

    pieces, _ = await read(unsigned([whole], {}), _headers(UNSIGNED, len(whole), {}), None)

    assert max(map(len, pieces)) <= 1 << 16
    assert b"".join(pieces) == whole


def test_signed_chunks_may_not() -> None:
    headers = _headers(SIGNED, 1 << 40)

    error = _refusal(b"1000001;chunk-signature=" + b"0" * 64 + b"\r\n", headers, _seed(headers))

    assert error.reason == "INVALID_CHUNK_SIZE_ERROR"


# What was changed behind the signer.


def test_a_changed_byte_of_a_signed_chunk_is_not_handed_on() -> None:
    headers = _headers(SIGNED)
    seed = _seed(headers)
    handed_on: list[bytes] = []
    encoded = with_signatures(seed, CHUNKS).replace(b"third", b"Third", 1)

    with pytest.raises(ApiError) as raised:
        asyncio.run(read(encoded, headers, seed, pieces=handed_on))

    assert raised.value.reason == "SIGNATURE_DOES_NOT_MATCH"
    assert b"".join(handed_on) == b"".join(CHUNKS[:2])


def test_chunks_in_another_order_are_refused() -> None:
    headers = _headers(SIGNED, 2)
    seed = _seed(headers)
    first, rest = with_signatures(seed, (b"a", b"b")).split(b"\r\na\r\n")
    second, last = rest.split(b"\r\nb\r\n")
    encoded = second + b"\r\nb\r\n" + first + b"\r\na\r\n" + last

    assert _refusal(encoded, headers, seed).reason == "SIGNATURE_DOES_NOT_MATCH"


def test_chunks_of_another_request_are_refused() -> None:
    headers = _headers(SIGNED)
    other = _seed({**headers, "x-amz-meta-other": "yes"})

    assert _refusal(with_signatures(other, CHUNKS), headers, _seed(headers)).reason == "SIGNATURE_DOES_NOT_MATCH"


def test_other_trailers_than_the_signed_ones_are_refused() -> None:
    headers = _headers(SIGNED + "-TRAILER")
    seed = _seed(headers)
    encoded = with_signatures(seed, CHUNKS, CHECKSUM)

    assert _refusal(encoded.replace(b"DUoR", b"DUoS"), headers, seed).reason == "SIGNATURE_DOES_NOT_MATCH"
    begin = encoded.index(b"x-amz-trailer-signature")
    assert _refusal(encoded[:begin] + b"\r\n", headers, seed).reason == "INVALID_CHUNK"


@pytest.mark.parametrize(
    "encoded",
    [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:DUoRhQ==\r\n\r\n",
        b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\nx-amz-meta-a:b\r\n\r\n",
        b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
        b"5\r\nhello\r\n0\r\nno trailer\r\n\r\n",
        b"5\r\nhello\r\n0\r\n" + b"\r\n" * 9,
        b"5\r\nhello\r\n0\r\n" + b"a:b\r\n" * 99,
    ],
)
def test_other_trailers_than_the_announced_ones_are_refused(encoded: bytes) -> None:
    assert _refusal(encoded, _headers(UNSIGNED, 5)).reason == "MALFORMED_TRAILER_ERROR"


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (b"", "INCOMPLETE_BODY"),
        (b"5\r\nhel", "INCOMPLETE_BODY"),
        (b"5\r\nhello", "INVALID_CHUNK"),
        (b"5\r\nhello\r\n", "INCOMPLETE_BODY"),
        (b"4\r\nhell\r\n0\r\n\r\n", "INCOMPLETE_BODY"),
        (b"6\r\nhello!\r\n0\r\n\r\n", "INCOMPLETE_BODY"),
        (b"5\r\nhello!\r\n0\r\n\r\n", "INVALID_CHUNK"),
        (b"hello", "INVALID_CHUNK"),
        (b"-5\r\nhello\r\n0\r\n\r\n", "INVALID_CHUNK"),
        (b"0x5\r\nhello\r\n0\r\n\r\n", "INVALID_CHUNK"),
        (b"0" * 17 + b"\r\n", "INVALID_CHUNK"),
        (b"5" * 5000, "INVALID_CHUNK"),
    ],
)
def test_a_body_that_is_not_as_announced_is_refused(encoded: bytes, reason: str) -> None:
    assert _refusal(encoded, _headers(UNSIGNED, 5)).reason == reason


@pytest.mark.parametrize(
    "encoded", [b"5\r\nhello\r\n0\r\n\r\n", b"5;chunk-signature=xyz\r\nhello\r\n", b"5;a=b\r\nhello\r\n"]
)
def test_chunks_that_should_be_signed_must_be(encoded: bytes) -> None:
    headers = _headers(SIGNED, 5)

    assert _refusal(encoded, headers, _seed(headers)).reason == "INVALID_CHUNK"


@settings(deadline=None, max_examples=200)
@given(at=st.integers(0, 10**9), byte=st.integers(1, 255))
def test_whatever_byte_of_a_signed_body_is_changed_it_is_refused_or_means_the_same(at: int, byte: int) -> None:
    chunks = (b"abc", b"de")
    headers = _headers(SIGNED + "-TRAILER", 5)
    seed = _seed(headers)
    encoded = bytearray(with_signatures(seed, chunks, CHECKSUM))
    encoded[at % len(encoded)] ^= byte

    refused = ""
    pieces: list[bytes] = []
    try:
        _, body = asyncio.run(read(bytes(encoded), headers, seed, part_bytes=5, pieces=pieces))
    except ApiError as error:
        refused = error.reason
    else:  # a letter of a name in the other case, a space for a line break
        assert (b"".join(pieces), body.trailers) == (b"abcde", CHECKSUM)

    assert refused in REASONS
    assert b"abcde".startswith(b"".join(pieces))


def test_the_length_must_be_announced() -> None:
    headers = {"x-amz-content-sha256": UNSIGNED}

    assert _refusal(b"0\r\n\r\n", headers).reason == "MISSING_CONTENT_LENGTH"
    assert _refusal(b"0\r\n\r\n", {**headers, "x-amz-decoded-content-length": "-1"}).reason == "INVALID_ARGUMENT"


def test_nobody_signs_chunks_of_a_request_that_is_not_signed() -> None:
    assert _refusal(b"0\r\n\r\n", _headers(SIGNED)).reason == "INVALID_CHUNK"
