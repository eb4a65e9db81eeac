"""Members sealed by a passphrase: what was sealed is opened, and nothing that was changed is."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from portico_server.platform.backup.failures import BackupError
from portico_server.platform.backup.sealing import CHUNK_BYTES, Sealer

PASSPHRASE = b"correct horse battery staple"


@pytest.fixture(scope="module")
def sealer() -> Sealer:
    return Sealer.new(PASSPHRASE)


def stored(sealer: Sealer, content: bytes, path: str = "a") -> bytes:
    return b"".join(sealer.sealed(path, iter([content])))


def opened(sealer: Sealer, content: bytes, path: str = "a") -> bytes:
    return b"".join(sealer.unsealed(path, io.BytesIO(content)))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_what_was_sealed_is_opened(sealer: Sealer, size: int) -> None:
    content = (bytes(range(256)) * (size // 256 + 1))[:size]
    assert opened(sealer, stored(sealer, content)) == content


def test_pieces_of_any_size_make_the_same_member(sealer: Sealer) -> None:
    def pieces() -> Iterator[bytes]:
        for number in range(5000):
            yield bytes([number % 256]) * (number % 700)

    content = b"".join(pieces())
    assert opened(sealer, b"".join(sealer.sealed("a", pieces()))) == content


def test_the_same_bytes_are_sealed_otherwise_each_time(sealer: Sealer) -> None:
    assert stored(sealer, b"secret") != stored(sealer, b"secret")
    assert b"secret" not in stored(sealer, b"secret")


def test_the_passphrase_opens_it_again_and_another_does_not(sealer: Sealer) -> None:
    content = stored(sealer, b"secret")
    assert opened(Sealer.opened(PASSPHRASE, sealer.description), content) == b"secret"
    with pytest.raises(BackupError, match="not the one"):
        Sealer.opened(b"another passphrase", sealer.description)


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(BackupError, match="8 or more"):
        Sealer.new(b"short")


@pytest.mark.parametrize("cut", [0, 10, 16, 17, 40, CHUNK_BYTES + 32, -1, -17])
def test_a_member_that_was_cut_is_refused(sealer: Sealer, cut: int) -> None:
    with pytest.raises(BackupError, match="cut"):
        opened(sealer, stored(sealer, bytes(2 * CHUNK_BYTES + 5))[:cut])


def test_a_member_that_was_changed_or_changed_places_is_refused(sealer: Sealer) -> None:
    content = bytearray(stored(sealer, bytes(100)))
    content[50] ^= 1
    with pytest.raises(BackupError, match="was changed"):
        opened(sealer, bytes(content))
    with pytest.raises(BackupError, match="was changed"):
        opened(sealer, stored(sealer, b"x", path="keys/one"), path="keys/two")


def test_chunks_cannot_change_their_order(sealer: Sealer) -> None:
    content = stored(sealer, bytes(3 * CHUNK_BYTES))
    salt, chunk = content[:16], CHUNK_BYTES + 16
    first, second, rest = content[16 : 16 + chunk], content[16 + chunk : 16 + 2 * chunk], content[16 + 2 * chunk :]
    with pytest.raises(BackupError, match="was changed"):
        opened(sealer, salt + second + first + rest)


def test_an_encryption_that_is_not_known_is_refused(sealer: Sealer) -> None:
    for wrong in ({}, {**sealer.description, "method": "rot13"}, {**sealer.description, "wrapped_key": "?"}):
        with pytest.raises(BackupError, match="does not know"):
            Sealer.opened(PASSPHRASE, wrong)
