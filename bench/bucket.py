"""The objects product as a client sees it: a bucket to measure in, and the messages to send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from google.api import httpbody_pb2

from bench.candidates import Endpoint
from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc, objects_pb2, objects_pb2_grpc

SERVICE = "/portico.objects.v1.ObjectService/"
ACCOUNT = "accounts/default"
BUCKET = f"{ACCOUNT}/buckets/bench"
FILLING_THREADS = 16


def channel(endpoint: Endpoint) -> grpc.Channel:
    """A grpcio channel with the client's certificate. The token goes with each call: `metadata(endpoint)`."""
    files = endpoint.credentials
    credentials = grpc.ssl_channel_credentials(
        files.authority.read_bytes(), files.client_key.read_bytes(), files.client_certificate.read_bytes()
    )
    return grpc.secure_channel(f"localhost:{endpoint.port}", credentials)


def metadata(endpoint: Endpoint) -> Sequence[tuple[str, str]]:
    return [("authorization", endpoint.credentials.authorization.read_text())]


def _objects(connection: grpc.Channel) -> objects_pb2_grpc.ObjectServiceStub:
    return objects_pb2_grpc.ObjectServiceStub(connection)  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of a running platform."""

    endpoint: Endpoint

    GET = f"{SERVICE}GetObject"
    PUT = f"{SERVICE}PutObject"
    LIST = f"{SERVICE}ListObjects"

    @classmethod
    def create(cls, endpoint: Endpoint) -> Bucket:
        """Makes the bucket unless it is there."""
        with channel(endpoint) as connection:
            buckets = buckets_pb2_grpc.BucketServiceStub(connection)  # type: ignore[no-untyped-call]
            request = buckets_pb2.CreateBucketRequest(parent=ACCOUNT, bucket_id="bench")
            try:
                buckets.CreateBucket(request, metadata=metadata(endpoint))
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.ALREADY_EXISTS:
                    raise
        return cls(endpoint)

    def fill(self, prefix: str, count: int, data: bytes) -> None:
        """Puts `{prefix}/0` and on."""
        with channel(self.endpoint) as connection, ThreadPoolExecutor(FILLING_THREADS) as threads:
            put = _objects(connection).PutObject
            headers = metadata(self.endpoint)

            def put_one(number: int) -> None:
                put(iter([self._put(f"{prefix}/{number}", data)]), metadata=headers)

            list(threads.map(put_one, range(count)))

    def put_file(self, key: str, size_bytes: int, chunk: bytes) -> None:
        """Puts one large object of that chunk, again and again."""

        def messages() -> Iterator[objects_pb2.PutObjectRequest]:
            yield self._put(key, b"")
            for _ in range(size_bytes // len(chunk)):
                yield objects_pb2.PutObjectRequest(data=httpbody_pb2.HttpBody(data=chunk))

        with channel(self.endpoint) as connection:
            _objects(connection).PutObject(messages(), metadata=metadata(self.endpoint))

    def put_request(self, key: str, data: bytes) -> bytes:
        """The message that puts a whole object, or begins a larger one."""
        request: bytes = self._put(key, data).SerializeToString()
        return request

    def get_request(self, key: str) -> bytes:
        request: bytes = objects_pb2.GetObjectRequest(name=f"{BUCKET}/objects/{key}").SerializeToString()
        return request

    def list_request(self, start_after: str) -> bytes:
        """A page of 1,000 objects."""
        request = objects_pb2.ListObjectsRequest(parent=BUCKET, page_size=1000, start_after=start_after)
        message: bytes = request.SerializeToString()
        return message

    def _put(self, key: str, data: bytes) -> objects_pb2.PutObjectRequest:
        return objects_pb2.PutObjectRequest(name=f"{BUCKET}/objects/{key}", data=httpbody_pb2.HttpBody(data=data))
