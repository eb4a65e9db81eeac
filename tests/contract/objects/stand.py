"""The objects product on its own: its servicers called as the host calls them, without network and gateway."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.api.httpbody_pb2 import HttpBody
from google.longrunning.operations_pb2 import Operation
from google.protobuf.field_mask_pb2 import FieldMask

from portico.objects.v1 import buckets_pb2, notifications_pb2, objects_pb2, uploads_pb2
from portico.objects.v1.uploads_pb2 import CompleteMultipartUploadRequest
from portico_server.objects import PRODUCT
from portico_server.objects.services.bucket_service import BucketService
from portico_server.objects.services.notification_service import NotificationService
from portico_server.objects.services.object_service import ObjectService
from portico_server.objects.services.upload_service import UploadService
from portico_server.objects.services.usage_service import UsageService
from portico_server.objects.store import collecting
from portico_server.objects.upkeep.collector import Collector
from portico_server.objects.upkeep.freeing import Freeing
from portico_server.objects.upkeep.orphans import Orphans
from portico_server.platform import call
from portico_server.platform.authorization import Filter, Principal
from portico_server.platform.blobs import Blobs, loops
from portico_server.platform.blobs.opening import open_blobs
from portico_server.platform.blobs.stores import read_stores
from portico_server.platform.database import ANY, Batch, Database, Statement
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.errors import ApiError
from portico_server.platform.keyring.sealing import Sealing
from portico_server.platform.methods import Method
from portico_server.platform.paging import PageTokens
from portico_server.platform.product import Platform, Running
from portico_server.platform.settings import Settings

ACCOUNT = "accounts/default"
BUCKET = f"{ACCOUNT}/buckets/bucket"
DISABLED, ENABLED, SUSPENDED = 1, 2, 3
BOTH = frozenset({"objects.object.create", "objects.object.update"})


class MovingClock:
    """A clock that stands until it is moved, but for a microsecond at each look."""

    def __init__(self) -> None:
        self.time_us = 1_800_000_000_000_000

    def now_us(self) -> int:
        self.time_us += 1
        return self.time_us

    def pass_seconds(self, seconds: float) -> None:
        self.time_us += int(seconds * 1e6)


@dataclass
class Caller:
    """Who calls the servicers, and what the gateway found that he may do."""

    name: str = f"{ACCOUNT}/principals/tester"
    held: frozenset[str] = BOTH
    filter: Filter = field(default_factory=lambda: Filter(everything=True))
    headers: dict[bytes, bytes] = field(default_factory=dict)
    denial: Callable[[], ApiError] | None = None
    """What a call is refused with that policies do not allow, where its method is open to everybody."""
    asked: frozenset[str] = frozenset({"objects.object.lock", "objects.object.bypass_governance"})
    """What he holds of that which only some requests ask for."""

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        return permission in self.asked


@dataclass
class Stand:
    """A running product. Its methods make requests as `caller`, and raise what the servicers raise."""

    settings: Settings
    clock: MovingClock
    database: Database
    blobs: Blobs
    running: Running
    buckets: BucketService
    objects: ObjectService
    uploads: UploadService
    usages: UsageService
    notifications: NotificationService
    collector: Collector
    freeing: Freeing
    orphans: Orphans
    caller: Caller = field(default_factory=Caller)

    def enter(self, method: str, resource: str = BUCKET) -> call.Call:
        """Makes a call of this method the current one, as the host does."""
        made = call.Call(
            Method(f"/portico.objects.v1.{method}", False, False),
            context=None,  # type: ignore[arg-type]
            headers=self.caller.headers,
            first_message=None,  # type: ignore[arg-type]
            arrival_time_ns=0,
            arrival_ns=0,
            principal=Principal(self.caller.name, "default"),
            held=self.caller.held,
            filter=self.caller.filter,
            anonymous=self.caller.denial is not None,
            denial=self.caller.denial,
            authorizer=self.caller,  # type: ignore[arg-type]
            resource=resource,
        )
        call.current.set(made)
        return made

    async def create_bucket(
        self, name: str = BUCKET, settings: buckets_pb2.Bucket | None = None, **request: Any
    ) -> buckets_pb2.Bucket:
        parent, _, bucket_id = name.partition("/buckets/")
        self.enter("BucketService/CreateBucket", parent)
        message = buckets_pb2.CreateBucketRequest(parent=parent, bucket_id=bucket_id, bucket=settings, **request)
        return (await self.buckets.CreateBucket(message, None)).bucket

    async def get_bucket(self, name: str = BUCKET) -> buckets_pb2.Bucket:
        self.enter("BucketService/GetBucket")
        return (await self.buckets.GetBucket(buckets_pb2.GetBucketRequest(name=name), None)).bucket

    async def list_buckets(self, **request: Any) -> buckets_pb2.ListBucketsResponse:
        self.enter("BucketService/ListBuckets", ACCOUNT)
        return await self.buckets.ListBuckets(buckets_pb2.ListBucketsRequest(parent=ACCOUNT, **request), None)

    async def update_bucket(self, name: str = BUCKET, **settings: Any) -> buckets_pb2.Bucket:
        mask = settings.pop("update_mask", None)
        self.enter("BucketService/UpdateBucket")
        message = buckets_pb2.UpdateBucketRequest(bucket=buckets_pb2.Bucket(name=name, **settings), update_mask=mask)
        return (await self.buckets.UpdateBucket(message, None)).bucket

    async def delete_bucket(self, name: str = BUCKET, **request: Any) -> Operation:
        self.enter("BucketService/DeleteBucket")
        return (await self.buckets.DeleteBucket(buckets_pb2.DeleteBucketRequest(name=name, **request), None)).operation

    async def scrub_bucket(self, name: str = BUCKET) -> Operation:
        self.enter("BucketService/ScrubBucket")
        return (await self.buckets.ScrubBucket(buckets_pb2.ScrubBucketRequest(name=name), None)).operation

    async def relocate_bucket(self, name: str = BUCKET, **request: Any) -> Operation:
        self.enter("BucketService/RelocateBucket")
        message = buckets_pb2.RelocateBucketRequest(name=name, **request)
        return (await self.buckets.RelocateBucket(message, None)).operation

    async def ended(self, operation: Operation) -> Operation:
        """The operation when it has ended."""
        assert self.running.operations is not None
        async with asyncio.timeout(60):
            while not operation.done:
                await asyncio.sleep(0.005)
                operation = await self.running.operations.get(operation.name)
        return operation

    async def put(self, key: str, data: bytes = b"bytes", bucket: str = BUCKET, **first: Any) -> objects_pb2.Object:
        """Puts in messages of at most 1 MiB; `first` are further fields of the first."""
        starts = range(0, max(1, len(data)), 1 << 20)
        return await self.put_parts(key, [data[start : start + (1 << 20)] for start in starts], bucket, **first)

    async def put_parts(
        self, key: str, parts: Iterable[bytes], bucket: str = BUCKET, **first: Any
    ) -> objects_pb2.Object:
        async def messages() -> AsyncIterator[objects_pb2.PutObjectRequest]:
            fields = {"name": f"{bucket}/objects/{key}", **first}
            for part in parts:
                yield objects_pb2.PutObjectRequest(data=HttpBody(data=part), **fields)
                fields = {}

        return await self.put_messages(messages())

    async def put_messages(self, messages: AsyncIterator[objects_pb2.PutObjectRequest]) -> objects_pb2.Object:
        self.enter("ObjectService/PutObject")
        return (await self.objects.PutObject(messages, None)).object

    def get_messages(
        self, key: str, bucket: str = BUCKET, **request: Any
    ) -> AsyncIterator[objects_pb2.GetObjectResponse]:
        self.enter("ObjectService/GetObject")
        return self.objects.GetObject(objects_pb2.GetObjectRequest(name=f"{bucket}/objects/{key}", **request), None)

    async def get(self, key: str, bucket: str = BUCKET, **request: Any) -> bytes:
        return b"".join([message.data.data async for message in self.get_messages(key, bucket, **request)])

    async def head(self, key: str, bucket: str = BUCKET, **request: Any) -> objects_pb2.Object:
        self.enter("ObjectService/HeadObject")
        message = objects_pb2.HeadObjectRequest(name=f"{bucket}/objects/{key}", **request)
        return (await self.objects.HeadObject(message, None)).object

    async def head_part(self, key: str, part_number: int, bucket: str = BUCKET) -> objects_pb2.HeadObjectResponse:
        self.enter("ObjectService/HeadObject")
        message = objects_pb2.HeadObjectRequest(name=f"{bucket}/objects/{key}", part_number=part_number)
        return await self.objects.HeadObject(message, None)

    async def list(self, bucket: str = BUCKET, **request: Any) -> objects_pb2.ListObjectsResponse:
        self.enter("ObjectService/ListObjects")
        return await self.objects.ListObjects(objects_pb2.ListObjectsRequest(parent=bucket, **request), None)

    async def list_versions(self, bucket: str = BUCKET, **request: Any) -> objects_pb2.ListObjectVersionsResponse:
        self.enter("ObjectService/ListObjectVersions")
        message = objects_pb2.ListObjectVersionsRequest(parent=bucket, **request)
        return await self.objects.ListObjectVersions(message, None)

    async def delete(self, key: str, bucket: str = BUCKET, **request: Any) -> objects_pb2.DeleteObjectResponse:
        self.enter("ObjectService/DeleteObject")
        message = objects_pb2.DeleteObjectRequest(name=f"{bucket}/objects/{key}", **request)
        return await self.objects.DeleteObject(message, None)

    async def delete_many(
        self, targets: Sequence[tuple[str, str]], bucket: str = BUCKET, **request: Any
    ) -> Sequence[objects_pb2.DeleteObjectResponse]:
        """`targets` are keys with version ids, "" for the current object."""
        self.enter("ObjectService/DeleteObjects")
        message = objects_pb2.DeleteObjectsRequest(parent=bucket, **request)
        for key, version_id in targets:
            message.objects.add(name=f"{bucket}/objects/{key}", version_id=version_id)
        return (await self.objects.DeleteObjects(message, None)).results

    async def copy(
        self, source: str, target: str, source_bucket: str = BUCKET, bucket: str = BUCKET, **request: Any
    ) -> objects_pb2.Object:
        self.enter("ObjectService/CopyObject")
        message = objects_pb2.CopyObjectRequest(
            name=f"{bucket}/objects/{target}", source=f"{source_bucket}/objects/{source}", **request
        )
        return (await self.objects.CopyObject(message, None)).object

    async def create_upload(self, key: str, bucket: str = BUCKET, **request: Any) -> str:
        """Begins an upload; answers its id."""
        self.enter("UploadService/CreateMultipartUpload")
        message = uploads_pb2.CreateMultipartUploadRequest(name=f"{bucket}/objects/{key}", **request)
        return (await self.uploads.CreateMultipartUpload(message, None)).upload.upload_id

    async def upload_part(
        self, key: str, upload_id: str, number: int, data: bytes, bucket: str = BUCKET, **first: Any
    ) -> objects_pb2.ObjectPart:
        """Uploads a part in messages of at most 1 MiB; `first` are further fields of the first."""

        async def messages() -> AsyncIterator[uploads_pb2.UploadPartRequest]:
            fields = {"name": f"{bucket}/objects/{key}", "upload_id": upload_id, "part_number": number, **first}
            for start in range(0, max(1, len(data)), 1 << 20):
                yield uploads_pb2.UploadPartRequest(data=HttpBody(data=data[start : start + (1 << 20)]), **fields)
                fields = {}

        self.enter("UploadService/UploadPart")
        return (await self.uploads.UploadPart(messages(), None)).part

    async def copy_part(
        self, key: str, upload_id: str, number: int, source: str, bucket: str = BUCKET, **request: Any
    ) -> objects_pb2.ObjectPart:
        self.enter("UploadService/CopyPart")
        message = uploads_pb2.CopyPartRequest(
            name=f"{bucket}/objects/{key}",
            upload_id=upload_id,
            part_number=number,
            source=f"{BUCKET}/objects/{source}",
            **request,
        )
        return (await self.uploads.CopyPart(message, None)).part

    async def complete(
        self,
        key: str,
        upload_id: str,
        parts: Iterable[int | tuple[int, str] | CompleteMultipartUploadRequest.Part],
        bucket: str = BUCKET,
        **request: Any,
    ) -> objects_pb2.Object:
        """`parts` are numbers, or numbers with ETags, or messages."""
        named = []
        for part in parts:
            if isinstance(part, int):
                part = CompleteMultipartUploadRequest.Part(number=part)
            elif isinstance(part, tuple):
                part = CompleteMultipartUploadRequest.Part(number=part[0], etag=part[1])
            named.append(part)
        self.enter("UploadService/CompleteMultipartUpload")
        message = CompleteMultipartUploadRequest(
            name=f"{bucket}/objects/{key}", upload_id=upload_id, parts=named, **request
        )
        return (await self.uploads.CompleteMultipartUpload(message, None)).object

    async def put_in_parts(
        self, key: str, parts: Sequence[bytes], bucket: str = BUCKET, **create: Any
    ) -> objects_pb2.Object:
        """Puts an object in parts with the numbers from 1 on."""
        upload_id = await self.create_upload(key, bucket, **create)
        for number, data in enumerate(parts, 1):
            await self.upload_part(key, upload_id, number, data, bucket)
        return await self.complete(key, upload_id, range(1, len(parts) + 1), bucket)

    async def abort(self, key: str, upload_id: str, bucket: str = BUCKET) -> None:
        self.enter("UploadService/AbortMultipartUpload")
        message = uploads_pb2.AbortMultipartUploadRequest(name=f"{bucket}/objects/{key}", upload_id=upload_id)
        await self.uploads.AbortMultipartUpload(message, None)

    async def list_parts(
        self, key: str, upload_id: str, bucket: str = BUCKET, **request: Any
    ) -> uploads_pb2.ListPartsResponse:
        self.enter("UploadService/ListParts")
        message = uploads_pb2.ListPartsRequest(parent=f"{bucket}/objects/{key}", upload_id=upload_id, **request)
        return await self.uploads.ListParts(message, None)

    async def list_uploads(self, bucket: str = BUCKET, **request: Any) -> uploads_pb2.ListMultipartUploadsResponse:
        self.enter("UploadService/ListMultipartUploads")
        message = uploads_pb2.ListMultipartUploadsRequest(parent=bucket, **request)
        return await self.uploads.ListMultipartUploads(message, None)

    async def list_object_parts(
        self, key: str, bucket: str = BUCKET, **request: Any
    ) -> objects_pb2.ListObjectPartsResponse:
        self.enter("ObjectService/ListObjectParts")
        message = objects_pb2.ListObjectPartsRequest(parent=f"{bucket}/objects/{key}", **request)
        return await self.objects.ListObjectParts(message, None)

    async def update(self, key: str, *fields: str, bucket: str = BUCKET, **request: Any) -> objects_pb2.Object:
        """Changes the fields named to what `request` has of them."""
        self.enter("ObjectService/UpdateObject")
        message = objects_pb2.UpdateObjectRequest(
            name=f"{bucket}/objects/{key}", update_mask=FieldMask(paths=fields), **request
        )
        return (await self.objects.UpdateObject(message, None)).object

    async def list_notifications(self, queue: str, **request: Any) -> notifications_pb2.ListNotificationsResponse:
        self.enter("NotificationService/ListNotifications", queue)
        message = notifications_pb2.ListNotificationsRequest(parent=queue, **request)
        return await self.notifications.ListNotifications(message, None)

    async def acknowledge(self, queue: str, sequence: int) -> int:
        self.enter("NotificationService/AcknowledgeNotifications", queue)
        message = notifications_pb2.AcknowledgeNotificationsRequest(parent=queue, up_to_sequence=sequence)
        return (await self.notifications.AcknowledgeNotifications(message, None)).acknowledged_sequence

    async def list_webhooks(self, **request: Any) -> notifications_pb2.ListWebhooksResponse:
        self.enter("NotificationService/ListWebhooks", ACCOUNT)
        message = notifications_pb2.ListWebhooksRequest(parent=ACCOUNT, **request)
        return await self.notifications.ListWebhooks(message, None)

    async def get_webhook(self, name: str) -> notifications_pb2.Webhook:
        self.enter("NotificationService/GetWebhook", name)
        return (await self.notifications.GetWebhook(notifications_pb2.GetWebhookRequest(name=name), None)).webhook

    async def test_webhook(self, name: str) -> notifications_pb2.TestWebhookResponse:
        self.enter("NotificationService/TestWebhook", name)
        return await self.notifications.TestWebhook(notifications_pb2.TestWebhookRequest(name=name), None)

    async def retry_webhook(self, name: str, **request: Any) -> notifications_pb2.RetryWebhookResponse:
        self.enter("NotificationService/RetryWebhook", name)
        message = notifications_pb2.RetryWebhookRequest(name=name, **request)
        return await self.notifications.RetryWebhook(message, None)

    async def rotate_webhook_secret(self, name: str) -> str:
        self.enter("NotificationService/RotateWebhookSecret", name)
        message = notifications_pb2.RotateWebhookSecretRequest(name=name)
        return (await self.notifications.RotateWebhookSecret(message, None)).secret

    async def clear(self) -> None:
        """Forgets everything."""
        tables = (
            "bucket object version inline_bytes file upload part freed_list ledger usage usage_day"
            " notice notification queue webhook webhook_secret webhook_rule"
            " scrub_round damaged_version used_store platform_outbox platform_request platform_operation"
        )
        await self.database.batch(Batch([Statement(f"DELETE FROM {table}", (), ANY) for table in tables.split()]))
        for path in self.files():
            path.unlink()
        self.clock.time_us = MovingClock().time_us

    def files(self) -> list[Path]:
        """The files of blobs, unfinished ones and those set aside too."""
        files = (path for path in self.settings.data.joinpath("blobs").rglob("*") if path.is_file())
        return [path for path in files if path.name not in ("owner", "hold", loops.FOLDER_ID)]

    async def usage(self, bucket: str = BUCKET) -> tuple[int, int]:
        """Versions in a bucket and their bytes, as far as the collector has folded them."""
        return await collecting.usage(self.database, bucket)

    async def run_job(self, name: str) -> None:
        (job,) = (job for job in self.running.jobs if job.name == name)
        await job.run()

    async def collect(self) -> None:
        """All that the collector does, after its grace."""
        await self.collector.fold()
        self.clock.pass_seconds(3600)
        await self.freeing.free()
        self.clock.pass_seconds(3600)
        await self.collector.remove_retired_files()


def keys(page: objects_pb2.ListObjectsResponse | objects_pb2.ListObjectVersionsResponse) -> list[str]:
    return [item.name.partition("/objects/")[2] for item in page.objects]


@asynccontextmanager
async def standing(
    settings: Settings, wrap_blobs: Callable[[Blobs], Blobs] = lambda blobs: blobs
) -> AsyncIterator[Stand]:
    """The product, running on the database that the settings name, and files in their data directory, or
    the stores that this names."""
    databases, clock = LocalDatabases(settings), MovingClock()
    opened = await open_blobs(settings.data, "objects", read_stores(settings.data))
    blobs = wrap_blobs(opened)

    async def product_blobs(product: str) -> Blobs:
        return blobs

    platform = Platform(
        settings,
        clock,
        random.SystemRandom(),
        PageTokens(b"k" * 32),
        databases,
        product_blobs,
        sealing=lambda name: Sealing(b"s" * 32, name),
    )
    async with PRODUCT.run(platform) as running:
        database = running.jobs[0].database
        buckets, objects, uploads, usage, notifications = (servicer for _, servicer in running.servicers)
        collector, orphans = Collector(database, blobs, clock), Orphans(database, blobs, platform.random)
        await orphans.start()
        freeing = Freeing(database, blobs, clock)
        services = buckets, objects, uploads, usage, notifications
        yield Stand(settings, clock, database, blobs, running, *services, collector, freeing, orphans)
    await databases.close()
    await opened.close()
