"""Dates as HTTP writes and reads them."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from portico_server.objects.services.http_dates import http_date, parse_http_date

AT = 784111777


@pytest.mark.parametrize("seconds", [0, 1_709_164_800, 253_402_300_799])
def test_a_date_is_written_as_http_has_it_and_read_again(seconds: int) -> None:
    assert http_date(seconds) == formatdate(seconds, usegmt=True)
    assert parse_http_date(http_date(seconds)) == seconds


@pytest.mark.parametrize(
    "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_the_three_forms_of_a_date_are_read(text: str) -> None:
    assert parse_http_date(text) == AT


def test_two_digits_are_never_a_year_far_ahead() -> None:
    this_year = time.gmtime().tm_year
    for year in range(this_year - 49, this_year + 51):
        found = parse_http_date(f"Sunday, 06-Nov-{year % 100:02} 08:49:37 GMT")
        assert found is not None
        assert time.gmtime(found).tm_year == year


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "784111777", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 +0100"),
        *("Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 0000 08:49:37 GMT"),
        *("sun, 06 nov 1994 08:49:37 gmt", "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"),
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_http_date(text) is None
