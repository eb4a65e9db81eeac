"""What usage costs."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from portico_server.objects.services.usage_service import days_of
from portico_server.objects.usage import metering, prices

PAGE = Path(__file__).parents[3] / "docs" / "objects.md"


@pytest.mark.parametrize(
    ("price", "used", "charged", "amount"),
    [
        (prices.STORAGE, "0", "0", "0"),
        (prices.STORAGE, "10", "0", "0"),
        (prices.STORAGE, "1010", "1000", "15"),
        (prices.STORAGE, "10.1", "0.1", "0.0015"),
        (prices.CLASS_A, "1000000", "0", "0"),
        (prices.CLASS_A, "2000000", "1000000", "4.5"),
        (prices.CLASS_A, "1000001", "1", "0.000005"),
        (prices.CLASS_B, "11000000", "1000000", "0.36"),
        (prices.CLASS_B, "10000001", "1", "0"),
        (prices.EGRESS, "99999", "99999", "0"),
    ],
)
def test_what_is_beyond_the_free_tier_is_charged_for(price: prices.Price, used: str, charged: str, amount: str) -> None:
    line, dollars = prices.charge(price, Decimal(used))
    assert (line.used, line.charged, line.amount) == (used, charged, amount)
    assert dollars == Decimal(amount)


def test_a_gigabyte_for_thirty_days_is_a_month_and_three_for_ten_too() -> None:
    assert prices.gigabyte_months(1_000_000_000 * 30 * 24) == 1
    assert prices.gigabyte_months(3_000_000_000 * 10 * 24) == 1


def test_numbers_are_told_plainly() -> None:
    assert [prices.text(Decimal(number)) for number in ("0", "1E+3", "0.10", "0.0000004", "12")] == [
        "0",
        "1000",
        "0.1",
        "0",
        "12",
    ]


def test_months_are_days_since_1970() -> None:
    assert days_of("2000-01") == (10957, 10988)
    assert days_of("2024-02") == (19754, 19783)
    assert days_of("2026-12") == (20788, 20819)


@pytest.mark.parametrize(("title", "methods"), [("class A", metering.CLASS_A), ("class B", metering.CLASS_B)])
def test_the_page_names_what_is_of_each_class(title: str, methods: frozenset[str]) -> None:
    (row,) = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| {title}")]
    assert set(re.findall(r"[A-Z]\w+[a-z]", row.split("|")[2])) == methods
