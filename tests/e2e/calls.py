"""What end-to-end tests share: stubs, errors with their details, names."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.api import httpbody_pb2
from google.rpc import error_details_pb2, status_pb2

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc, objects_pb2, objects_pb2_grpc

ACCOUNT = "accounts/default"
ADMIN = f"{ACCOUNT}/principals/admin"
TIMEOUT_SECONDS = 30


class Failure:
    """A failed call: its code, message, reason, and the details by type."""

    def __init__(self, error: Any) -> None:
        self.code: grpc.StatusCode = error.code()
        self.message: str = error.details()
        status = status_pb2.Status()
        status.ParseFromString(dict(error.trailing_metadata() or {}).get("grpc-status-details-bin", b""))
        self.info = error_details_pb2.ErrorInfo()
        self.bad_request = error_details_pb2.BadRequest()
        for detail in status.details:
            detail.Unpack(self.info) or detail.Unpack(self.bad_request)

    @property
    def reason(self) -> str:
        return self.info.reason

    @property
    def fields(self) -> list[str]:
        return [violation.field for violation in self.bad_request.field_violations]


def failure_of(call: Callable[[], Any]) -> Failure:
    """Makes a call that must fail; a stream is read to its end."""
    with pytest.raises(grpc.RpcError) as caught:
        _to_its_end(call())
    return Failure(caught.value)


def _to_its_end(answer: Any) -> None:
    if isinstance(answer, grpc.Call) and hasattr(answer, "__next__"):
        list(answer)


def unique(prefix: str = "b") -> str:
    """A bucket id, or part of a key, that no other test uses."""
    return f"{prefix}-{secrets.token_hex(6)}"


class Objects:
    """The objects product over one channel, a call a line."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.buckets = buckets_pb2_grpc.BucketServiceStub(channel)
        self.stub = objects_pb2_grpc.ObjectServiceStub(channel)

    def make_bucket(self, **settings: Any) -> str:
        """A new bucket's name."""
        request = buckets_pb2.CreateBucketRequest(
            parent=ACCOUNT, bucket_id=unique(), bucket=buckets_pb2.Bucket(**settings)
        )
        name: str = self.buckets.CreateBucket(request, timeout=TIMEOUT_SECONDS).bucket.name
        return name

    def put(self, name: str, data: bytes, **first: Any) -> objects_pb2.Object:
        return self.stub.PutObject(puts(name, data, **first), timeout=TIMEOUT_SECONDS).object

    def get(self, name: str, **request: Any) -> bytes:
        answers = self.stub.GetObject(objects_pb2.GetObjectRequest(name=name, **request), timeout=TIMEOUT_SECONDS)
        return b"".join(answer.data.data for answer in answers)

    def head(self, name: str, **request: Any) -> objects_pb2.Object:
        return self.stub.HeadObject(objects_pb2.HeadObjectRequest(name=name, **request), timeout=TIMEOUT_SECONDS).object

    def keys(self, bucket: str, **request: Any) -> list[str]:
        answer = self.stub.ListObjects(
            objects_pb2.ListObjectsRequest(parent=bucket, **request), timeout=TIMEOUT_SECONDS
        )
        return [found.name.partition("/objects/")[2] for found in answer.objects]


def puts(
    name: str, data: bytes, *, chunk_bytes: int = 1 << 20, content_type: str = "", **first: Any
) -> Iterator[objects_pb2.PutObjectRequest]:
    """The messages of a put."""
    body = httpbody_pb2.HttpBody(data=data[:chunk_bytes], content_type=content_type)
    yield objects_pb2.PutObjectRequest(name=name, data=body, **first)
    for at in range(chunk_bytes, len(data), chunk_bytes):
        yield objects_pb2.PutObjectRequest(data=httpbody_pb2.HttpBody(data=data[at : at + chunk_bytes]))
