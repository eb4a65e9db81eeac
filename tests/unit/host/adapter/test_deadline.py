"""The header grpc-timeout."""

from __future__ import annotations

import pytest

from portico_server.host.adapter.deadline import timeout_seconds
from portico_server.platform.errors import ApiError


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"1H", 3600), (b"2M", 120), (b"3S", 3), (b"250m", 0.25), (b"5u", 5e-6), (b"7n", 7e-9), (b"0S", 0),
        (b"99999999H", 99999999 * 3600),
    ],
)  # fmt: skip
def test_every_unit_is_read(value: bytes, seconds: float) -> None:
    assert timeout_seconds(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", [b"", b"S", b"1", b"1s", b"-1S", b"1.5S", b"123456789S", b" 1S", b"1 S", b"\xb2S"])
def test_anything_else_is_refused(value: bytes) -> None:
    with pytest.raises(ApiError) as failure:
        timeout_seconds(value)
    assert failure.value.reason == "TIMEOUT_MALFORMED"
