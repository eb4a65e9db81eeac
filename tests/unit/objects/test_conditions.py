"""Which conditions hold of which state, as RFC 9110, 13.2.2, orders them."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from portico_server.objects import errors
from portico_server.objects.versions.conditions import Conditions, check_read, check_write
from portico_server.platform.errors import DomainError

ETAG = "5d41402abc4b2a76b9719d911017c592"
AT = 1_800_000_000


class Seen(NamedTuple):
    etag: str = ETAG
    created_at_us: int = AT * 1_000_000 + 999_999


READS: list[tuple[dict[str, Any], type[DomainError] | None]] = [
    ({"if_match": (ETAG,)}, None),
    ({"if_match": (f'"{ETAG}"',)}, None),
    ({"if_match": (f'W/"{ETAG}"',)}, None),
    (
        {
            "if_match": (
                "other",
                ETAG,
            )
        },
        None,
    ),
    ({"if_match": ("*",)}, None),
    ({"if_match": ("other",)}, errors.EtagMismatch),
    ({"if_none_match": ("other",)}, None),
    ({"if_none_match": (ETAG,)}, errors.NotModified),
    (
        {
            "if_none_match": (
                "other",
                f'W/"{ETAG}"',
            )
        },
        errors.NotModified,
    ),
    ({"if_none_match": ("*",)}, errors.NotModified),
    ({"if_modified_since": AT - 1}, None),
    ({"if_modified_since": AT}, errors.NotModified),
    ({"if_modified_since": AT + 1}, errors.NotModified),
    ({"if_unmodified_since": AT}, None),
    ({"if_unmodified_since": AT}, None),
    ({"if_unmodified_since": AT + 1}, None),
    ({"if_unmodified_since": AT - 1}, errors.Modified),
    # RFC 9110, 13.2.2: the time counts only where there is no ETag to compare
    ({"if_match": (ETAG,), "if_unmodified_since": AT - 1}, None),
    ({"if_match": ("other",), "if_unmodified_since": AT}, errors.EtagMismatch),
    ({"if_none_match": ("other",), "if_modified_since": AT}, None),
    ({"if_none_match": (ETAG,), "if_modified_since": AT - 1}, errors.NotModified),
    ({"if_match": (ETAG,), "if_none_match": (ETAG,)}, errors.NotModified),
    ({"if_match": ("other",), "if_none_match": (ETAG,)}, errors.EtagMismatch),
    ({"if_unmodified_since": AT - 1, "if_none_match": (ETAG,)}, errors.Modified),
]


@pytest.mark.parametrize(("given", "refusal"), READS, ids=str)
def test_a_read(given: dict[str, Any], refusal: type[DomainError] | None) -> None:
    if refusal is None:
        check_read(Conditions(**given), Seen(), "name")
    else:
        with pytest.raises(refusal):
            check_read(Conditions(**given), Seen(), "name")


@pytest.mark.parametrize(("given", "refusal"), READS, ids=str)
def test_a_write_is_refused_where_a_read_is(given: dict[str, Any], refusal: type[DomainError] | None) -> None:
    """By its own reasons: there is nothing to answer "not modified" to, but for a time."""
    if refusal is None:
        check_write(Conditions(**given), Seen(), "name")
        return
    if refusal is errors.NotModified and "if_none_match" in given:
        refusal = errors.ObjectExists if "*" in given["if_none_match"] else errors.EtagMismatch
    with pytest.raises(refusal):
        check_write(Conditions(**given), Seen(), "name")


@pytest.mark.parametrize("given", [given for given, _ in READS], ids=str)
def test_of_nothing_everything_holds_but_if_match(given: dict[str, Any]) -> None:
    if "if_match" in given:
        with pytest.raises(errors.EtagMismatch):
            check_write(Conditions(**given), None, "name")
    else:
        check_write(Conditions(**given), None, "name")
