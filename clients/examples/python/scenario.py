"""The scenario by Portico's own SDK: see ../README.md.

python scenario.py ADDRESS PROFILE_FOLDER
"""

from __future__ import annotations

import itertools
import os
import secrets
import sys
import threading
from collections.abc import Iterator

import grpc

import portico
from portico import Client, errors

SIZE_BYTES = 6 * 1024 * 1024 + 7
MESSAGE_BYTES = 1024 * 1024


def main(address: str, profile: str) -> None:
    with portico.connect(profile, address=address) as client, client.trace("scenario") as span:
        print("trace", span.trace_id, span.span_id)
        bucket = client.buckets.create(f"python-{secrets.token_hex(4)}").name
        print("bucket", bucket)
        put_and_get(client, bucket)
        list_pages(client, bucket)
        fail(client, bucket)
        be_late(client, bucket)
        cancel(client, bucket)
        client.buckets.delete(bucket, force=True)
        print("deleted", bucket)


def put_and_get(client: Client, bucket: str) -> None:
    """Streams some MiB there and back."""
    content = os.urandom(SIZE_BYTES)
    pieces = (content[start : start + MESSAGE_BYTES] for start in range(0, SIZE_BYTES, MESSAGE_BYTES))
    print("put", client.objects.put(bucket, "big", pieces).size_bytes)
    with client.objects.get(bucket, "big") as reader:
        received = b"".join(reader.chunks())
    print("got", len(received), str(received == content).lower())


def list_pages(client: Client, bucket: str) -> None:
    for number in range(5):
        client.objects.put(bucket, f"small/{number}", b"x")
    pages = list(client.objects.list(bucket, page_size=4).pages())
    print("listed", sum(len(page.objects) for page in pages), len(pages))


def fail(client: Client, bucket: str) -> None:
    """Reads the details of two errors: the reason of one, the field that the other is about."""
    try:
        client.objects.head(bucket, "none")
    except errors.NotFound as failure:
        print("not-found", code(failure), failure.reason)
    try:
        client.buckets.create("NO")
    except errors.InvalidArgument as failure:
        print("invalid", code(failure), failure.violations[0].field)


def be_late(client: Client, bucket: str) -> None:
    """Begins a put that it does not end in time."""
    ended = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"x"
        ended.wait(30)

    try:
        client.with_options(transfer_timeout_seconds=0.5).objects.put(bucket, "late", pieces())
    except errors.DeadlineExceeded as failure:
        print("deadline", code(failure))
    finally:
        ended.set()


def cancel(client: Client, bucket: str) -> None:
    """Ends a get in its middle; the SDK then gives no more bytes, and calls it no error."""
    reader = client.objects.get(bucket, "big")
    first = next(iter(itertools.islice(reader.chunks(), 1)))
    reader.close()
    assert 0 < len(first) < SIZE_BYTES
    print("cancelled", grpc.StatusCode.CANCELLED.value[0])


def code(failure: errors.PorticoError) -> int:
    return int(grpc.StatusCode[failure.code].value[0])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: scenario.py ADDRESS PROFILE_FOLDER")
    main(sys.argv[1], sys.argv[2])
