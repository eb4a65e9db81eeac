"""Libraries that speak S3, unchanged: the MinIO SDK, obstore, s3fs."""

from __future__ import annotations

from tests.interop.s3.conftest import Clients

MINIO = """
import io, os
from urllib.parse import urlsplit
from minio import Minio
from minio.commonconfig import CopySource
from minio.deleteobjects import DeleteObject

door = urlsplit(os.environ["AWS_ENDPOINT_URL"])
client = Minio(door.netloc, os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
client.make_bucket("minio-sdk")
client.put_object("minio-sdk", "a/b", io.BytesIO(b"hello"), 5, metadata={"x": "y"}, content_type="text/plain")
big = bytes(range(256)) * (24 << 10)
client.put_object("minio-sdk", "big", io.BytesIO(big), -1, part_size=5 << 20)
assert client.get_object("minio-sdk", "big").read() == big
assert client.get_object("minio-sdk", "a/b", offset=1, length=3).read() == b"ell"
assert client.stat_object("minio-sdk", "a/b").metadata["x-amz-meta-x"] == "y"
assert {found.object_name for found in client.list_objects("minio-sdk")} == {"a/", "big"}
client.copy_object("minio-sdk", "c", CopySource("minio-sdk", "a/b"))
names = [found.object_name for found in client.list_objects("minio-sdk", recursive=True)]
assert names == ["a/b", "big", "c"], names
assert not list(client.remove_objects("minio-sdk", map(DeleteObject, names)))
client.remove_bucket("minio-sdk")
assert not client.bucket_exists("minio-sdk")
"""

OBSTORE = """
import os, obstore
from obstore.store import S3Store

from pathlib import Path
store = S3Store("obstore", endpoint=os.environ["AWS_ENDPOINT_URL"], region="auto",
                client_options={"root_certificate": Path(os.environ["AWS_CA_BUNDLE"]).read_bytes()})
body = bytes(range(256)) * (24 << 10)
obstore.put(store, "o/1", b"bytes")
obstore.put(store, "big", body, chunk_size=5 << 20)
assert bytes(obstore.get(store, "big").bytes()) == body
assert bytes(obstore.get_range(store, "o/1", start=2, end=4)) == b"te"
assert [found["path"] for page in obstore.list(store) for found in page] == ["big", "o/1"]
assert obstore.list_with_delimiter(store)["common_prefixes"] == ["o"]
obstore.copy(store, "o/1", "o/2")
obstore.rename(store, "o/2", "o/3")
try:
    obstore.put(store, "o/1", b"x", mode="create")
    raise SystemExit("it replaced what it must create")
except obstore.exceptions.AlreadyExistsError:
    pass
obstore.delete(store, ["o/1", "o/3", "big"])
assert not [found for page in obstore.list(store) for found in page]
"""

S3FS = """
import s3fs

files = s3fs.S3FileSystem()
files.mkdir("s3fs")
with files.open("s3fs/d/f.txt", "wb", block_size=5 << 20) as file:
    for _ in range(7):
        file.write(b"0123456789" * 100_000)
assert files.info("s3fs/d/f.txt")["size"] == 7_000_000
assert files.find("s3fs") == ["s3fs/d/f.txt"]
with files.open("s3fs/d/f.txt", "rb") as file:
    file.seek(6_999_990)
    assert file.read() == b"0123456789"
files.mv("s3fs/d/f.txt", "s3fs/e.txt")
assert files.ls("s3fs") == ["s3fs/e.txt"]
files.rm("s3fs", recursive=True)
assert not files.exists("s3fs")
"""


def test_the_minio_sdk(clients: Clients) -> None:
    clients.python(MINIO)


def test_obstore(clients: Clients) -> None:
    clients.door.client().create_bucket(Bucket="obstore")
    clients.python(OBSTORE)


def test_s3fs(clients: Clients) -> None:
    clients.python(S3FS)
