"""What must hold of keys and private files after a cut: each the old one or the new one, whole; a pair of one kind."""

from __future__ import annotations

from pathlib import Path

from portico import _files as portico_files
from portico_server.host.supervisor.first_start import prepare
from portico_server.platform.keyring import Keyring
from portico_server.platform.private_files import locked, make_private_folder, settle_pair
from tests.faults.power.loads.private import HOSTNAMES, TRUST_DOMAIN, content, digest, profile
from tests.faults.power.loads.saying import counted


async def check(data: Path, said: list[str], seed: int) -> None:
    """As at the next start."""
    prepare(data)
    keyring = Keyring.open(data, TRUST_DOMAIN, HOSTNAMES)
    folder = profile(data)
    make_private_folder(folder)
    with locked(folder):
        settle_pair(folder / "client.key", folder / "client.pem")
        portico_files.settle_pair(folder / "own.key", folder / "own.pem")
    if said:
        known = f"authority {digest(keyring.authority_pem)} {digest(keyring.page_token_key)}"
        assert said[0] == known, "the platform has another authority, which no client trusts"
    keys = len(keyring.jwks()["keys"]) - 1
    assert keys in _numbers(said, "key"), f"{keys} token keys were added"
    tokens = {content("token", number) if number else b"" for number in _numbers(said, "file")}
    assert _read(folder / "token") in tokens
    _check_pair(folder / "client.key", folder / "client.pem", _numbers(said, "pair"))
    _check_pair(folder / "own.key", folder / "own.pem", _numbers(said, "renewed"))


def _check_pair(key: Path, certificate: Path, numbers: set[int]) -> None:
    pair = (_read(key), _read(certificate))
    allowed = {(content("key", number), content("certificate", number)) if number else (b"", b"") for number in numbers}
    assert pair in allowed, f"key and certificate are not of one pair: {pair[0][:12]!r}, {pair[1][:16]!r}"


def _numbers(said: list[str], name: str) -> set[int]:
    return {counted(said, f"done {name}"), counted(said, f"begun {name}")}


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
