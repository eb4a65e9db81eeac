"""The bucket that a request is about, as it is now, and whether the caller may know of it, or of the object."""

from __future__ import annotations

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.objects.faces.s3.request import S3Request


async def bucket_of(request: S3Request) -> buckets_pb2.Bucket:
    """Raises ApiError, where it is not there, or not for the caller."""
    message = buckets_pb2.GetBucketRequest(name=request.bucket_name)
    found: buckets_pb2.Bucket = (await request.call("GetBucket", message)).bucket
    return found


async def check_is_there(request: S3Request) -> None:
    """That there is such a bucket, or object, as far as the caller may know. Raises ApiError."""
    if request.key:
        await request.call("HeadObject", objects_pb2.HeadObjectRequest(name=request.object_name))
    elif request.signed:
        await bucket_of(request)
    else:  # who may list a bucket may know that it is there
        await request.call("ListObjects", objects_pb2.ListObjectsRequest(parent=request.bucket_name, page_size=1))
