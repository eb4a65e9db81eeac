"""When a certificate is due: with a third of its life left, or where it holds only later, by a clock set back since."""

from __future__ import annotations

import datetime

from cryptography import x509


def renewal_time(begin: datetime.datetime, end: datetime.datetime) -> datetime.datetime:
    return end - (end - begin) / 3


def is_due(certificate: x509.Certificate, begin: datetime.datetime) -> bool:
    """Whether it is time to replace a certificate that was made at `begin`."""
    now = datetime.datetime.now(datetime.UTC)
    return now < certificate.not_valid_before_utc or expires_soon(begin, certificate.not_valid_after_utc)


def expires_soon(begin: datetime.datetime, end: datetime.datetime) -> bool:
    """Whether it is time to replace what holds from `begin` to `end`."""
    return datetime.datetime.now(datetime.UTC) >= renewal_time(begin, end)
