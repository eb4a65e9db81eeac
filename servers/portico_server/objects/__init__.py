"""Object storage: buckets, objects and their versions. See DESIGN.md."""

from __future__ import annotations

from portico.objects.v1 import buckets_pb2, notifications_pb2, objects_pb2, uploads_pb2, usage_pb2
from portico_server.objects.errors import ERRORS
from portico_server.objects.running import run
from portico_server.objects.store.collecting import FILES_IN_USE
from portico_server.objects.store.used_stores import STORES_IN_USE
from portico_server.platform.product import Product

PRODUCT = Product(
    name="objects",
    contracts=(
        buckets_pb2.DESCRIPTOR,
        objects_pb2.DESCRIPTOR,
        uploads_pb2.DESCRIPTOR,
        usage_pb2.DESCRIPTOR,
        notifications_pb2.DESCRIPTOR,
    ),
    run=run,
    errors=ERRORS,
    blobs_in_use=FILES_IN_USE,
    stores_in_use=STORES_IN_USE,
)

__all__ = ["PRODUCT"]
