"""What is sealed is opened by the same platform, for the same product and place, and by nobody else."""

from __future__ import annotations

import pytest

from portico_server.platform.keyring.sealing import SealBroken, Sealing

KEY = bytes(range(32))


def test_what_is_sealed_is_opened_again_and_never_looks_alike() -> None:
    sealing = Sealing(KEY, "access")
    first, second = (sealing.seal(b"secret", b"place") for _ in range(2))
    assert first != second
    assert b"secret" not in first
    assert sealing.open(first, b"place") == sealing.open(second, b"place") == b"secret"


@pytest.mark.parametrize(
    ("sealing", "place"),
    [
        (Sealing(KEY, "access"), b"another place"),
        (Sealing(KEY, "objects"), b"place"),
        (Sealing(bytes(32), "access"), b"place"),
    ],
)
def test_neither_elsewhere_nor_by_others(sealing: Sealing, place: bytes) -> None:
    sealed = Sealing(KEY, "access").seal(b"secret", b"place")
    with pytest.raises(SealBroken):
        sealing.open(sealed, place)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02" + bytes(40), b"\x01" + bytes(40)])
def test_what_was_never_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        Sealing(KEY, "access").open(sealed, b"place")
