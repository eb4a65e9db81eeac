"""The platform's application in a hurry: what is let go is removed after seconds, so that the background work is in the
midst of it whenever the process is killed; and parts of uploads may be small.

Orphans are set aside early, too, though not as early as a slow put's file might be taken for one.
"""

from __future__ import annotations

from portico_server.objects.notifications import queues
from portico_server.objects.upkeep import collector, expiring, freeing, orphans
from portico_server.objects.uploads import composing
from portico_server.platform import leases
from portico_server.platform.blobs.s3.blobs import S3Blobs

EVERY_SECONDS = 0.4
GRACE_US = 1_000_000
STORE_PART_BYTES = 100_000
"""The large ones go to other stores in parts."""

composing.MIN_PART_BYTES = 0
collector._FOLD_SECONDS = collector._FILES_SECONDS = freeing._EVERY_SECONDS = EVERY_SECONDS
queues._EVERY_SECONDS = expiring._EVERY_SECONDS = EVERY_SECONDS
collector.GRACE_US = freeing.GRACE_US = GRACE_US
orphans._EVERY_SECONDS, orphans.ORPHAN_SECONDS, orphans.ASIDE_SECONDS = 3.0, 60, 30
S3Blobs.__init__.__defaults__ = (STORE_PART_BYTES,)
leases.RENEWAL_SECONDS, leases._LIFETIME_US = 0.3, 1_000_000  # one that a killed process held holds up nobody for long

from portico_server.app import app  # noqa: E402 - after what it is built of

__all__ = ["app"]
