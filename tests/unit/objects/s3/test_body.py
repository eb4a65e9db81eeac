"""Bodies whose digest was signed are held to it."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from portico_server.objects.faces.s3.sigv4 import Signed, verify
from portico_server.platform.errors import ApiError
from tests.unit.objects.s3.chunks import read
from tests.unit.objects.s3.signing import CLOCK, signed, signers

SIZES = [0, 5, 200_000, 3 << 20]


def _seed(body: bytes) -> Signed:
    found = verify(signed("PUT", "http://s3.localhost/bucket/key", {}, body), signers(), CLOCK)
    assert found is not None
    return found


@pytest.mark.parametrize("size_bytes", SIZES)
async def test_the_body_that_was_signed_comes_out(size_bytes: int) -> None:
    whole = bytes(range(256)) * (size_bytes // 256) + b"a" * (size_bytes % 256)

    pieces, body = await read(whole, {"content-length": str(size_bytes)}, _seed(whole))

    assert (b"".join(pieces), body.size_bytes) == (whole, size_bytes)


@pytest.mark.parametrize("size_bytes", SIZES[1:])
def test_another_one_is_refused(size_bytes: int) -> None:
    with pytest.raises(ApiError) as raised:
        asyncio.run(read(b"a" * (size_bytes - 1) + b"b", {}, _seed(b"a" * size_bytes)))

    assert raised.value.reason == "X_AMZ_CONTENT_SHA256_MISMATCH"
    told = raised.value.metadata["client_computed_content_sha256"]
    assert told == hashlib.sha256(b"a" * size_bytes).hexdigest()


async def test_a_body_of_a_request_that_nobody_signed_comes_as_it_is() -> None:
    pieces, body = await read(b"hello", {}, None)

    assert (pieces, body.size_bytes, body.trailers) == ([b"hello"], None, {})
