"""Lists of more objects than are written at once: sent in pieces, and still one document."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator, Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3.addresses import Address
from portico_server.objects.faces.s3.object_headers import iso_time
from portico_server.objects.faces.s3.operations import listing
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import NAMESPACE
from portico_server.objects.records import Version
from portico_server.platform.faces import FaceRequest, FaceResponse
from portico_server.platform.peer import NOBODY

PREFIXES = ["y/", "z/"]
PAGES: dict[str, Any] = {
    "ListObjects": objects_pb2.ListObjectsResponse,
    "ListObjectVersions": objects_pb2.ListObjectVersionsResponse,
}


class Calls:
    """Answers a list of so many objects."""

    ray_id = "0" * 32

    def __init__(self, count: int) -> None:
        self.count = count

    async def call(self, method: str, request: Any, beside: None, rows: list[Any]) -> Any:
        checksums = objects_pb2.Checksums(md5=bytes(16), crc64nvme=bytes(8)).SerializeToString()
        rows.append(
            [
                Version(
                    key=key(number),
                    id=f"v{number}",
                    is_null=0,
                    place=0,
                    etag=f"{number:032}",
                    size_bytes=number,
                    created_at_us=1_764_000_000_007_999 + number * 1_000_000,
                    file="",
                    metadata=b"",
                    checksums=checksums,
                    marks=b"",
                    marker=number % 2,
                )
                for number in range(self.count)
            ]
        )
        return PAGES[method.rpartition("/")[2]](prefixes=PREFIXES)

    def stream(self, method: str, request: Any) -> AsyncIterator[Any]:
        raise NotImplementedError


def key(number: int) -> str:
    return f"a & b/{number:04}"


async def listed(operation: Callable[[S3Request], Any], count: int) -> FaceResponse:
    async def nothing() -> AsyncIterator[bytes]:
        return
        yield b""

    came = FaceRequest("GET", b"/long", b"", (), NOBODY, 0, nothing)
    address = Address("", "long", "")
    answer: FaceResponse = await operation(
        S3Request(came, Calls(count), address, "default", {}, {}, lambda: None, signed=True)  # type: ignore[arg-type, return-value]
    )
    return answer


async def parts_of(response: FaceResponse) -> list[bytes]:
    if isinstance(response.body, bytes):
        return [response.body]
    return [part async for part in response.body]


def found_in(parts: list[bytes], *names: str) -> list[Element]:
    tags = {f"{{{NAMESPACE}}}{name}" for name in names}
    return [found for found in ElementTree.fromstring(b"".join(parts)) if found.tag in tags]


def text_of(element: Element, name: str) -> str:
    return element.findtext(f"{{{NAMESPACE}}}{name}") or ""


@pytest.mark.parametrize("count", [0, 1, 200, 201, 1000])
@pytest.mark.parametrize("operation", [listing.list_objects, listing.list_objects_v2, listing.list_versions])
async def test_every_object_is_in_a_list_of_any_length(operation: Callable[[S3Request], Any], count: int) -> None:
    parts = await parts_of(await listed(operation, count))
    objects = found_in(parts, "Contents", "Version", "DeleteMarker")
    assert [text_of(found, "Key") for found in objects] == [key(number) for number in range(count)]
    told = [found[0].text for found in found_in(parts, "CommonPrefixes")]
    assert told == PREFIXES


async def test_a_long_list_is_sent_while_it_is_written_and_a_short_one_whole() -> None:
    assert isinstance((await listed(listing.list_objects_v2, 200)).body, bytes)
    assert len(await parts_of(await listed(listing.list_objects_v2, 1000))) > 4


async def test_an_object_of_a_list_is_told_as_s3_tells_it() -> None:
    (found,) = found_in(await parts_of(await listed(listing.list_objects_v2, 1)), "Contents")
    assert {one.tag.partition("}")[2]: one.text for one in found} == {
        "Key": "a & b/0000",
        "LastModified": "2025-11-24T16:00:00.007Z",
        "ETag": f'"{0:032}"',
        "Size": "0",
        "StorageClass": "STANDARD",
        "ChecksumAlgorithm": "CRC64NVME",
        "ChecksumType": "FULL_OBJECT",
    }


@pytest.mark.parametrize("seconds", [0, 59, 60, 3599, 3600, 86_399, 86_400, 951_827_696, 1_764_003_661, 4_102_444_799])
@pytest.mark.parametrize("milliseconds", [0, 1, 10, 999])
def test_times_are_those_of_iso_8601(seconds: int, milliseconds: int) -> None:
    expected = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{milliseconds:03}Z"
    assert iso_time(seconds, milliseconds * 1_000_000 + 999_999) == expected
