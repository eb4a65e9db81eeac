"""What is measured: one file a measure, each with `measure(bench) -> Section`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.context import Bench
from bench.measures import (
    access,
    disk,
    files,
    layouts,
    listing,
    memory,
    objects,
    overload,
    policies,
    postgresql,
    s3,
    start,
    streams,
    tokens,
    transfers,
    unary,
)
from bench.report import Section

MEASURES: Mapping[str, Callable[[Bench], Section]] = {
    "unary": unary.measure,
    "layouts": layouts.measure,
    "objects": objects.measure,
    "s3": s3.measure,
    "postgresql": postgresql.measure,
    "streams": streams.measure,
    "overload": overload.measure,
    "access": access.measure,
    "policies": policies.measure,
    "files": files.measure,
    "listing": listing.measure,
    "tokens": tokens.measure,
    "memory": memory.measure,
    "transfers": transfers.measure,
    "start": start.measure,
    "disk": disk.measure,
}
"""By the name that the command line knows them by, in the order in which they are taken."""
