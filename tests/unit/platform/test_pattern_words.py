"""Patterns of the contracts in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portico_server.platform.pattern_words import wanted

ID = "[a-z0-9][a-z0-9-]{0,62}"
ZONE = "[a-z0-9][a-z0-9.-]{0,251}[a-z0-9]"
OF_ID = "1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit"


@pytest.mark.parametrize(
    ("pattern", "value", "words"),
    [
        (f"^{ID}$", "A", f"must be {OF_ID}"),
        ("^([a-z0-9][a-z0-9-]{0,31})?$", "A", f"must be empty, or {OF_ID.replace('63', '32')}"),
        (f"^accounts/{ID}/policies/{ID}$", "", "must be accounts/ACCOUNT/policies/POLICY"),
        (f"^accounts/{ID}/policies/{ID}$", "accounts/a/members/b", "must be accounts/ACCOUNT/policies/POLICY"),
        (
            f"^accounts/{ID}/domainGroups/{ID}$",
            "accounts/a/domainGroups/B",
            f"must be accounts/ACCOUNT/domainGroups/DOMAIN_GROUP, and DOMAIN_GROUP {OF_ID}",
        ),
        (
            f"^accounts/{ID}/zones/{ZONE}/records/[0-9a-f]{{32}}$",
            "accounts/a/zones/x./records/1",
            "must be accounts/ACCOUNT/zones/ZONE/records/RECORD, and ZONE a domain name: up to 253 lower-case letters, "
            "digits, hyphens and dots, beginning and ending with a letter or digit",
        ),
        (
            "^accounts/[a-z0-9]{3}/traces/[0-9a-f]{32}$",
            "accounts/abc/traces/1",
            "must be accounts/ACCOUNT/traces/TRACE, and TRACE 32 hexadecimal digits in lower case",
        ),
        ("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "-", None),
        ("^[^*]+[*]?$", "**", ""),
        ("^[(]+$", "", ""),
    ],
)
def test_what_a_pattern_wants_is_said_in_words(pattern: str, value: str, words: str | None) -> None:
    told = wanted(pattern, value)
    assert told == (words or None) if words is not None else told and "3 to 63" in told


def test_every_name_and_id_of_the_contracts_has_words() -> None:
    contracts = (Path(__file__).parents[3] / "gen/portico/descriptors.binpb").read_bytes().decode(errors="replace")
    patterns = set(re.findall(r"\^(?:accounts/|\[a-z0-9\]\[)[^$\x00-\x1f]*\$", contracts))
    assert len(patterns) > 20
    assert not {pattern for pattern in patterns if wanted(pattern, "") is None}
