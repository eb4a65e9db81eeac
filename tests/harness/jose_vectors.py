"""Signed tokens that others have published, with their keys: what a verifier of JSON web signatures is measured by.

The RFCs' few examples are in `jose_examples.json`. Wycheproof's files are large and another's, so they are no part of
this repository: PORTICO_TEST_WYCHEPROOF names a folder of them (its `testvectors_v1`), as a checkout of
github.com/C2SP/wycheproof has it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

VARIABLE = "PORTICO_TEST_WYCHEPROOF"
NO_FOLDER = f"{VARIABLE} names no folder of Wycheproof's files, which are not part of this repository"


class Vector(NamedTuple):
    """A token, and the key by which it is to be judged, a JWK. `is_good`: whether the key has signed it."""

    source: str
    key: dict[str, Any]
    token: str
    is_good: bool


def rfc_examples() -> list[Vector]:
    """Those of RFC 7515, 7520 and 8037 in compact form, whatever their algorithm."""
    content = json.loads(Path(__file__).with_name("jose_examples.json").read_text())
    return [Vector(each["source"], each["key"] or {}, each["token"], each["algorithm"] != "none") for each in content]


def wycheproof_folder() -> Path | None:
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def wycheproof(folder: Path) -> Iterator[Vector]:
    """Those of JSON web signatures that are valid or not; of what may be taken either way nothing is asked."""
    content = json.loads((folder / "json_web_signature_test.json").read_text())
    for group in content["testGroups"]:
        key = group.get("public", group.get("private"))
        for test in group["tests"]:
            if test["result"] in ("valid", "invalid"):
                source = f"{test['tcId']}, {group.get('comment', '')}: {test['comment']}"
                yield Vector(source, key, test["jws"], test["result"] == "valid")
