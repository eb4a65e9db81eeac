"""A process that makes a keyring, and replaces private files, alone and in pairs, as the supervisor does.

    python -m tests.faults.power.loads.private DATA SEED STEPS

It says `authority`, the SHA-256 of its certificate and of the key for page tokens, and for each step `begun NAME` and
`done NAME`, where NAME is `file`, `pair` (by the platform), `renewed` (a pair, by the SDK) or `key`.
"""

from __future__ import annotations

import hashlib
import random
import sys
from pathlib import Path

from portico import _files as portico_files
from portico_server.host.supervisor.first_start import prepare
from portico_server.platform.keyring import Keyring
from portico_server.platform.private_files import locked, make_private_folder, replace_file, replace_pair
from tests.faults.power.loads.saying import say

TRUST_DOMAIN, HOSTNAMES = "portico.local", ("localhost",)


def content(name: str, number: int) -> bytes:
    return f"{name} {number}\n".encode() * 300


def profile(data: Path) -> Path:
    """A folder outside the data directory, of which nothing is there at first."""
    return data.parent / "configuration" / "portico" / "profile"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> None:
    data, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    prepare(data)
    keyring = Keyring.open(data, TRUST_DOMAIN, HOSTNAMES)
    say(f"authority {digest(keyring.authority_pem)} {digest(keyring.page_token_key)}")
    folder = profile(data)
    make_private_folder(folder)
    numbers = {"file": 0, "pair": 0, "renewed": 0, "key": 0}
    for _ in range(count):
        name = chance.choice(["file", "pair", "pair", "renewed", "renewed", "key"])
        numbers[name] += 1
        say(f"begun {name}")
        match name:
            case "file":
                replace_file(folder / "token", content("token", numbers[name]))
            case "pair":
                key, certificate = content("key", numbers[name]), content("certificate", numbers[name])
                with locked(folder):
                    replace_pair(folder / "client.key", key, folder / "client.pem", certificate)
            case "renewed":
                key, certificate = content("key", numbers[name]), content("certificate", numbers[name])
                with portico_files.locked(folder, exclusive=True):
                    portico_files.replace_pair(folder / "own.key", key, folder / "own.pem", certificate)
            case "key":
                keyring.rotate_token_key()
        say(f"done {name}")


if __name__ == "__main__":
    main()
