"""Which bytes an offset and a limit mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico_server.objects.content.ranges import resolve
from portico_server.objects.errors import InvalidRange


@given(st.integers(0, 12), st.integers(-15, 15), st.integers(0, 15))
def test_a_range_is_what_slicing_says(size: int, offset: int, limit: int) -> None:
    data = bytes(range(size))
    expected = data[offset:][: limit or None] if offset >= -size else data[: limit or None]
    if offset >= size and offset > 0:
        with pytest.raises(InvalidRange):
            resolve(offset, limit, size, "name")
    else:
        begin, length = resolve(offset, limit, size, "name")
        assert data[begin : begin + length] == expected
        assert len(expected) == length


def test_the_refusal_tells_the_size() -> None:
    with pytest.raises(InvalidRange) as refused:
        resolve(10, 0, 10, "name")
    assert refused.value.metadata == {"resource": "name", "size_bytes": "10"}


def test_terabytes_are_only_arithmetic() -> None:
    size = 5_497_558_138_880
    assert resolve(-1, 0, size, "name") == (size - 1, 1)
    assert resolve(1, size, size, "name") == (1, size - 1)
