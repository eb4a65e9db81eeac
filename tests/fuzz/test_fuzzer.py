"""The fuzzer: mutates the corpus for a while, and keeps what is answered in a way that nothing kept was.

    ./portico test -m long -n0 tests/fuzz/test_fuzzer.py

PORTICO_FUZZ_SECONDS says how long (default: 120). What it keeps is to be looked at, and committed.
"""

from __future__ import annotations

import copy
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.corpus import Entry, entries, named, send, unexpected
from tests.harness import running_platform
from tests.harness.neighbours import neighbours
from tests.harness.platform import TESTING_PRODUCT

INTERESTING = ("\0", "\xff", "\x7f\xff\xff\xff", "{", "}", "[", '"', "%", "\r\n", "9" * 20, "-1", "a" * 300, "@TOKEN@")


@pytest.mark.long
def test_mutations_find_nothing_unexpected(tmp_path: Path) -> None:
    seconds = float(os.environ.get("PORTICO_FUZZ_SECONDS", "120"))
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance, every = random.Random(seed), entries()
    known = {(_kind(entry), entry.content["told"]) for entry in every}
    with running_platform(tmp_path, **TESTING_PRODUCT) as platform, neighbours(platform):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            entry = named(_mutated(chance, chance.choice(every).content))
            told = send(platform, entry, chance.choice(["web", "api"]))
            entry.content["told"] = told
            if (why := list(unexpected(platform))) or told == "held":
                pytest.fail(f"{entry.save()} was answered {told!r}: {why[:3]}")
            if (_kind(entry), told) not in known:
                known.add((_kind(entry), told))
                every.append(entry)
                entry.save()


def _kind(entry: Entry) -> str:
    """What is told apart: the same answer to another way of calling is another finding."""
    head = entry.content.get("head", "").lower()
    kinds = ("grpc-web", "application/grpc", "connect+", "connect", "/v1/")
    return next((kind for kind in kinds if kind in head), "frames" if "frames" in entry.content else "")


def _mutated(chance: random.Random, content: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(content)
    for _ in range(chance.choice([1, 1, 2, 4])):
        if "frames" in made:
            _mutate_frames(chance, made["frames"])
        elif made["body"] and chance.random() < 0.6:
            made["body"] = _mutate_text(chance, made["body"])
        else:
            begin, lines = made["head"].split("\r\n", 1)
            changed = _mutate_text(chance, begin if chance.random() < 0.5 else lines)
            made["head"] = f"{changed}\r\n{lines}" if chance.random() < 0.5 else f"{begin}\r\n{changed}"
    return made


def _mutate_frames(chance: random.Random, frames: list[dict[str, Any]]) -> None:
    each = chance.choice(frames)
    what = chance.randrange(6)
    if what == 0:
        frames.insert(chance.randrange(len(frames) + 1), copy.deepcopy(each))
    elif what == 1 and len(frames) > 1:
        frames.remove(each)
    elif what == 2:
        each["flags"] = chance.randrange(256)
    elif what == 3:
        each["stream"] = chance.choice([0, 1, 2, 3, (1 << 31) - 1])
    elif what == 4:
        each["type"] = chance.randrange(12)
    elif "headers" in each:
        name, value = chance.choice(each["headers"])
        each["headers"].append([_mutate_text(chance, name), _mutate_text(chance, value)])
    else:
        each["payload"] = _mutate_text(chance, each.get("payload", ""))


def _mutate_text(chance: random.Random, text: str) -> str:
    at, length = chance.randrange(len(text) + 1), chance.choice([0, 1, 1, 2, 8])
    what = chance.randrange(4)
    if what == 0:
        return text[:at] + text[at + length :]
    if what == 1:
        return text[:at] + chance.choice(INTERESTING) + text[at + length :]
    if what == 2:
        return text[:at] + text[at : at + length] * chance.choice([2, 3, 50]) + text[at + length :]
    return text[:at] + "".join(chr(chance.randrange(256)) for _ in range(length)) + text[at + length :]
