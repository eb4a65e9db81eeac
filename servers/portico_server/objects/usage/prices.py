"""What usage costs: the prices and the free tier with which R2 began, in decimal arithmetic."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from portico.objects.v1.usage_pb2 import Charge

GIGABYTE = 1_000_000_000
HOURS_OF_MONTH = 720
"""A GB-month is a gigabyte for 30 days, whatever month it is."""
_MILLION = 1_000_000
_SMALLEST = Decimal("0.000001")


class Price(NamedTuple):
    """US dollars for `per` of something, of which some is free each month."""

    kind: Charge.Kind
    dollars: Decimal
    per: int
    free: Decimal


STORAGE = Price(Charge.KIND_STORAGE, Decimal("0.015"), 1, Decimal(10))
CLASS_A = Price(Charge.KIND_CLASS_A, Decimal("4.50"), _MILLION, Decimal(1_000_000))
CLASS_B = Price(Charge.KIND_CLASS_B, Decimal("0.36"), _MILLION, Decimal(10_000_000))
EGRESS = Price(Charge.KIND_EGRESS, Decimal(0), 1, Decimal(0))


def gigabytes(size_bytes: int) -> Decimal:
    return Decimal(size_bytes) / GIGABYTE


def gigabyte_months(byte_hours: int) -> Decimal:
    """Exact but for the 28th digit."""
    return Decimal(byte_hours) / (GIGABYTE * HOURS_OF_MONTH)


def charge(price: Price, used: Decimal) -> tuple[Charge, Decimal]:
    """The line for so much of it, and its amount."""
    charged = max(used - price.free, Decimal(0))
    amount = (charged * price.dollars / price.per).quantize(_SMALLEST, ROUND_HALF_UP)
    line = Charge(
        kind=Charge.Kind.Name(price.kind),
        used=text(used),
        free=text(price.free),
        charged=text(charged),
        unit_price=text(price.dollars),
        per=price.per,
        amount=text(amount),
    )
    return line, amount


def text(number: Decimal) -> str:
    """To the millionth, without an exponent and without zeros at the end."""
    plain = f"{number.quantize(_SMALLEST, ROUND_HALF_UP):f}"
    return plain.rstrip("0").rstrip(".")
