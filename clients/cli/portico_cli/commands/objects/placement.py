"""Tells where a bucket's bytes go, where that is not where it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from portico.objects.v1.buckets_pb2 import Bucket


def tell_unmet_hint(bucket: Bucket) -> None:
    """A location is a hint: where no store is at it the bytes go elsewhere, which is told on standard error. So is a
    jurisdiction that restricts nothing."""
    wanted, placed = bucket.location_hint, bucket.placement
    if bucket.HasField("placement") and bucket.jurisdiction and placed.jurisdiction != bucket.jurisdiction:
        click.echo(
            f"portico: the platform knows no stores with jurisdictions: {bucket.jurisdiction} is recorded, and "
            "restricts nothing; stores.toml is read when the platform starts",
            err=True,
        )
    if not wanted or not placed.store or placed.location == wanted:
        return
    where = f", which is in {placed.location}" if placed.location else ""
    click.echo(
        f"portico: no store{_within(bucket)} is in {wanted}, which is a hint: the bytes go to the store "
        f"{placed.store}{where}; `portico stores ls` shows all that there are, where the platform is",
        err=True,
    )


def _within(bucket: Bucket) -> str:
    """Of a bucket whose stores are restricted."""
    restricted = bucket.jurisdiction and bucket.placement.jurisdiction == bucket.jurisdiction
    return f" of the jurisdiction {bucket.jurisdiction}" if restricted else ""
