"""`portico objects`: buckets and objects, in the manner of well-known storage command lines. A module for each kind of
command; loading this one loads all of them."""

from __future__ import annotations

from portico_cli.commands.objects import (
    buckets,
    copying,
    listing,
    marks,
    presigning,
    queues,
    reading,
    relocating,
    removing,
    scrubbing,
    settings,
    syncing,
    uploads,
    usage,
    versions,
    webhooks,
)
from portico_cli.commands.objects.group import objects

__all__ = [
    "buckets",
    "copying",
    "listing",
    "marks",
    "objects",
    "presigning",
    "queues",
    "reading",
    "relocating",
    "removing",
    "scrubbing",
    "settings",
    "syncing",
    "uploads",
    "usage",
    "versions",
    "webhooks",
]
