"""How the product is put together, started and stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib import resources

from portico.objects.v1 import buckets_pb2_grpc, objects_pb2_grpc
from portico_server.objects.bucket_service import BucketService
from portico_server.objects.buckets import Buckets
from portico_server.objects.ids import Ids
from portico_server.objects.incoming import Receiver
from portico_server.objects.listing import Listing
from portico_server.objects.object_service import ObjectService
from portico_server.objects.objects import Objects
from portico_server.objects.reading import Reader
from portico_server.platform.product import Platform, Running

_HASHING_THREADS = 2
"""Hashing is all processor time; more threads than processors to spare would only take them from the event loop."""


@asynccontextmanager
async def run(platform: Platform) -> AsyncIterator[Running]:
    """Starts the product; see `platform.product.Product.run`."""
    database = await platform.databases.open("objects", resources.files(__package__) / "migrations")
    blobs = await platform.blobs("objects")
    ids = Ids(platform.clock, platform.random)
    buckets = Buckets(database, ids)
    with ThreadPoolExecutor(_HASHING_THREADS, thread_name_prefix="hashing") as hashing:
        objects = Objects(database, blobs, buckets, Receiver(blobs, hashing), ids)
        yield Running(
            servicers=(
                (buckets_pb2_grpc.add_BucketServiceServicer_to_server, BucketService(buckets)),
                (
                    objects_pb2_grpc.add_ObjectServiceServicer_to_server,
                    ObjectService(
                        objects, Reader(database, blobs, buckets), buckets, Listing(database), platform.page_tokens
                    ),
                ),
            ),
        )
