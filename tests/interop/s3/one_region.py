"""A plugin of pytest for suites that were written for S3's many regions: their clients are told of the one there is.

What they set buckets to beside, encryption, is left out.
"""

from __future__ import annotations

from typing import Any

from botocore.session import Session

_make = Session.create_client


def _create_client(session: Any, service: str, region_name: str = "", **options: Any) -> Any:
    client = _make(session, service, "auto", **options)
    create_bucket = client.create_bucket
    client.create_bucket = lambda Bucket, **settings: create_bucket(Bucket=Bucket)
    client.put_bucket_encryption = lambda **settings: None
    return client


Session.create_client = _create_client
