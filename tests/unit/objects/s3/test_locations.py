"""What CreateBucket's LocationConstraint asks of the contract, by where the platform's stores are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from portico.objects.v1 import buckets_pb2
from portico_server.objects.content.placing import ANYWHERE, Placing
from portico_server.objects.faces.s3.addresses import Address
from portico_server.objects.faces.s3.operations.buckets import create_bucket
from portico_server.objects.faces.s3.request import S3Request
from portico_server.platform.blobs import LOCAL, Store
from portico_server.platform.errors import ApiError

PLACED = Placing([Store(LOCAL, "enam", "us"), Store("west", "weur", "eu"), Store("swiss", "ch", "ch")])
WITHOUT = Placing([Store(LOCAL, "enam"), Store("west", "weur")])


class Document:
    """A body of these bytes."""

    trailers: Mapping[str, str] = {}

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size_bytes = len(content)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class Calls:
    """Keeps what the contract is asked for."""

    ray_id = ""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def call(self, method: str, request: Any, beside: Any = None, rows: Any = None) -> Any:
        self.asked.append(request)

    def stream(self, method: str, request: Any, beside: list[bytes] | None = None) -> Any:
        raise AssertionError(method)


async def created(location: str, placing: Placing) -> buckets_pb2.Bucket:
    """The settings with which a bucket is made."""
    text = f"<CreateBucketConfiguration><LocationConstraint>{location}</LocationConstraint></CreateBucketConfiguration>"
    calls, came = Calls(), None
    request = S3Request(
        came,  # type: ignore[arg-type]  # nothing of it is looked at
        calls,
        Address("", "bucket", ""),
        "default",
        {},
        {},
        lambda: Document(text.encode()),
        signed=True,
        placing=placing,
    )
    await create_bucket(request)
    (asked,) = calls.asked
    found: buckets_pb2.Bucket = asked.bucket
    return found


@pytest.mark.parametrize(
    ("wanted", "location", "jurisdiction"),
    [
        ("eu", "", "eu"),
        ("EU", "", "eu"),
        ("weur", "weur", ""),
        ("ch", "ch", "ch"),
        ("auto", "", ""),
        ("us-east-1", "", ""),
    ],
)
async def test_where_stores_have_jurisdictions_it_names_one_or_a_location(
    wanted: str, location: str, jurisdiction: str
) -> None:
    assert await created(wanted, PLACED) == buckets_pb2.Bucket(location_hint=location, jurisdiction=jurisdiction)


async def test_what_is_neither_there_is_refused_and_what_there_is_told() -> None:
    with pytest.raises(ApiError) as refused:
        await created("ue", PLACED)
    assert refused.value.reason == "INVALID_LOCATION_CONSTRAINT"
    assert "a jurisdiction (ch, eu, us) or a location (ch, enam, weur)" in refused.value.message


@pytest.mark.parametrize("placing", [ANYWHERE, WITHOUT])
async def test_where_they_have_none_it_is_kept_as_a_hint(placing: Placing) -> None:
    assert await created("eu", placing) == buckets_pb2.Bucket(location_hint="eu")
