"""How the product is put together, started and stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from importlib import resources

from portico.objects.v1 import (
    buckets_pb2_grpc,
    notifications_pb2_grpc,
    objects_pb2_grpc,
    uploads_pb2_grpc,
    usage_pb2_grpc,
)
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.buckets.emptying import KIND, Emptying
from portico_server.objects.content.incoming import Receiver
from portico_server.objects.content.placing import Placing
from portico_server.objects.content.rehashing import Rehasher
from portico_server.objects.content.verifying import Verifier
from portico_server.objects.errors import ERRORS
from portico_server.objects.faces.s3.opening import s3_face
from portico_server.objects.notifications.delivering import Delivering
from portico_server.objects.notifications.queues import Queues
from portico_server.objects.notifications.sending import Sender, believed_receivers
from portico_server.objects.notifications.webhook_rules import WebhookRules
from portico_server.objects.notifications.webhooks import Webhooks
from portico_server.objects.services.bucket_service import BucketService
from portico_server.objects.services.notification_service import NotificationService
from portico_server.objects.services.object_service import ObjectService
from portico_server.objects.services.upload_service import UploadService
from portico_server.objects.services.usage_service import UsageService
from portico_server.objects.upkeep.aborting import Aborting
from portico_server.objects.upkeep.collector import Collector
from portico_server.objects.upkeep.expiring import Expiring
from portico_server.objects.upkeep.freeing import Freeing
from portico_server.objects.upkeep.known_problems import KnownProblems
from portico_server.objects.upkeep.moving import Mover
from portico_server.objects.upkeep.orphans import Orphans
from portico_server.objects.upkeep.relocating import KIND as RELOCATE
from portico_server.objects.upkeep.relocating import Relocating
from portico_server.objects.upkeep.scrub_rounds import ScrubRounds
from portico_server.objects.upkeep.scrubbing import KIND as SCRUB
from portico_server.objects.upkeep.scrubbing import Scrubber, Scrubbing
from portico_server.objects.uploads.part_copying import PartCopying
from portico_server.objects.uploads.upload_listing import UploadListing
from portico_server.objects.uploads.uploads import Uploads
from portico_server.objects.usage.metering import Meter, Metered
from portico_server.objects.usage.sampling import Sampling
from portico_server.objects.versions.deleting import Deleting
from portico_server.objects.versions.listing import Listing
from portico_server.objects.versions.marking import Marking
from portico_server.objects.versions.objects import Objects
from portico_server.objects.versions.reading import Reader
from portico_server.objects.versions.version_listing import VersionListing
from portico_server.platform.housekeeping import housekeeping
from portico_server.platform.ids import Ids
from portico_server.platform.operations import Kind, Operations
from portico_server.platform.outgoing.addresses import AddressRules
from portico_server.platform.outgoing.connecting import Connector
from portico_server.platform.outgoing.destinations import DestinationRules
from portico_server.platform.product import Gauge, Platform, Running

NAME = "objects"
_HASHING_THREADS = 2
"""Hashing is all processor time; more threads than processors to spare would only take them from the event loop."""


@asynccontextmanager
async def run(platform: Platform) -> AsyncIterator[Running]:
    """Starts the product; see `platform.product.Product.run`."""
    clock, tokens = platform.clock, platform.page_tokens
    database = await platform.databases.open(NAME, resources.files(__package__) / "migrations")
    blobs = await platform.blobs(NAME)
    ids = Ids(clock, platform.random)
    kinds: dict[str, Kind] = {}  # filled below: the work needs the buckets, and they ask what runs
    operations = Operations(NAME, database, clock, tokens, kinds, ERRORS)
    destinations = DestinationRules(
        AddressRules(platform.settings.webhook_networks), platform.settings.webhook_http_hosts
    )
    webhook_rules = WebhookRules(destinations, platform.sealing(NAME), platform.random)
    placing = Placing(blobs.stores)
    buckets = Buckets(database, clock, ids, operations.is_running, webhook_rules, placing)
    expiring = Expiring(database, clock, ids, buckets)
    emptying = Emptying(database, buckets, ids, operations, clock, expiring)
    kinds[KIND] = emptying.empty
    scrubbing = Scrubbing(database, buckets, operations, clock)
    relocating = Relocating(database, buckets, operations)
    reader = Reader(database, blobs, buckets)
    orphans = Orphans(database, blobs, platform.random)
    problems = KnownProblems(database, blobs)
    with ThreadPoolExecutor(_HASHING_THREADS, thread_name_prefix="hashing") as hashing:
        scrubber = Scrubber(database, Verifier(database, blobs, hashing), problems)
        kinds[SCRUB] = partial(scrubbing.scrub, scrubber=scrubber)
        rounds = ScrubRounds(
            database,
            scrubber,
            clock,
            platform.settings.objects_scrub_days,
            platform.settings.objects_scrub_bytes_per_second,
        )
        receiver, rehasher = Receiver(blobs, placing, hashing), Rehasher(blobs, reader, hashing)
        mover = Mover(database, blobs, buckets, placing, receiver, ids)
        kinds[RELOCATE] = partial(relocating.relocate, mover=mover)
        objects = Objects(database, blobs, buckets, reader, receiver, placing, rehasher, ids)
        uploads = Uploads(database, blobs, buckets, objects, receiver, placing, ids, hashing)
        listing = Listing(database, buckets)
        bucket_service = BucketService(
            database, clock, buckets, emptying, expiring, scrubbing, relocating, placing, tokens
        )
        object_service = ObjectService(
            database,
            clock,
            objects,
            reader,
            Deleting(database, buckets, ids, clock),
            Marking(database, buckets, reader, clock),
            listing,
            VersionListing(database, buckets),
            tokens,
        )
        copying, uploads_listing = PartCopying(uploads, reader, blobs), UploadListing(database, buckets)
        upload_service = UploadService(database, clock, uploads, copying, listing, uploads_listing, tokens)
        queues = Queues(database, clock)
        connector = Connector(destinations.addresses, believed_receivers(platform.settings.webhook_authorities))
        sender = Sender(database, clock, connector, destinations, webhook_rules)
        webhooks = Webhooks(database, clock, ids, queues, webhook_rules, sender)
        delivering = Delivering(database, clock, queues, sender, platform.random)
        await orphans.start()
        await problems.start()
        await operations.start()
        meter = Meter(database, clock)
        meter.start()
        try:
            yield Running(
                servicers=(
                    (buckets_pb2_grpc.add_BucketServiceServicer_to_server, Metered(bucket_service, meter)),
                    (objects_pb2_grpc.add_ObjectServiceServicer_to_server, Metered(object_service, meter)),
                    (uploads_pb2_grpc.add_UploadServiceServicer_to_server, Metered(upload_service, meter)),
                    (usage_pb2_grpc.add_UsageServiceServicer_to_server, UsageService(database, clock)),
                    (
                        notifications_pb2_grpc.add_NotificationServiceServicer_to_server,
                        NotificationService(queues, webhooks, tokens),
                    ),
                ),
                jobs=(
                    *Collector(database, blobs, clock).jobs(),
                    *Freeing(database, blobs, clock).jobs(),
                    *Aborting(database, buckets, clock).jobs(),
                    *expiring.jobs(),
                    *Sampling(database, clock).jobs(),
                    *queues.jobs(),
                    *delivering.jobs(),
                    *webhooks.jobs(),
                    *orphans.jobs(),
                    *rounds.jobs(),
                    *operations.jobs(),
                    *housekeeping(NAME, database, clock),
                ),
                operations=operations,
                gauges=(
                    Gauge("objects_damaged_versions", "Stored versions found damaged.", problems.damaged),
                    Gauge("objects_webhooks_behind", "Webhooks whose last try failed.", delivering.health.behind),
                    Gauge("objects_webhooks_disabled", "Webhooks that are disabled.", delivering.health.disabled),
                ),
                problems=problems.problems,
                faces=(s3_face(platform, buckets, placing, blobs, hashing),),
            )
        finally:
            await meter.stop()
            await problems.stop()
            await operations.stop()
            connector.close()
