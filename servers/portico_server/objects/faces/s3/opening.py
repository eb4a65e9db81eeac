"""The S3 face, made of what the product has."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

from portico.objects.v1 import buckets_pb2
from portico_server.objects.buckets import settings
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.content.placing import Placing
from portico_server.objects.errors import BucketNotFound
from portico_server.objects.faces.s3.addresses import Hosts
from portico_server.objects.faces.s3.circles import Circles
from portico_server.objects.faces.s3.face import S3Face
from portico_server.objects.faces.s3.signers import Signers
from portico_server.platform.blobs import Blobs
from portico_server.platform.product import Platform


def s3_face(platform: Platform, buckets: Buckets, placing: Placing, blobs: Blobs, hashing: Executor) -> S3Face:
    """`hashing`: threads for digests of what is not small."""

    async def cors_rules(name: str) -> Sequence[buckets_pb2.CorsRule]:
        try:
            return settings.kept(await buckets.get(name)).cors_rules
        except BucketNotFound:
            return ()

    async def is_located(name: str) -> bool:
        try:
            return settings.is_located_publicly(await buckets.get(name))
        except BucketNotFound:
            return False

    hosts, signers = Hosts(platform.settings.hostnames), Signers(platform.access_keys)
    return S3Face(hosts, signers, platform.clock, hashing, cors_rules, placing, Circles(blobs), is_located)
