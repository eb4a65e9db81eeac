"""PostObject: a file that a browser sends by a form, whose policy somebody has signed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote, urlencode

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import (
    acl_grants,
    bodies,
    checksum_headers,
    lock_headers,
    object_headers,
    reading_xml,
    refused_headers,
)
from portico_server.objects.faces.s3.addresses import checked_key
from portico_server.objects.faces.s3.answers import ids, nothing
from portico_server.objects.faces.s3.form_data import Form, boundary_of
from portico_server.objects.faces.s3.operations.marks import tags_in
from portico_server.objects.faces.s3.operations.putting import stored_headers
from portico_server.objects.faces.s3.post_policy import Policy
from portico_server.objects.faces.s3.refusals import invalid, invalid_argument
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import CONTENT_TYPE, DECLARATION, element
from portico_server.objects.names import object_name
from portico_server.platform.faces import FaceResponse

FILE_NAME = "${filename}"
"""Stands in the field `key` for the file's name."""
_STATUSES = {"200": 200, "201": 201, "204": 204}
_REDIRECTS = ("success_action_redirect", "redirect")
_REDIRECT = re.compile(r"https?://[!-~]+", re.IGNORECASE)
"""Another one is left out of account, as in S3."""
_ANY_SIZE = Policy(0, ())


class _File:
    """The file as a body, held to the sizes that the policy allows."""

    size_bytes = None
    trailers: Mapping[str, str] = {}

    def __init__(self, form: Form, policy: Policy) -> None:
        self._form = form
        self._policy = policy

    async def __aiter__(self) -> AsyncIterator[bytes]:
        come_bytes = 0
        async for part in self._form.file():
            come_bytes += len(part)
            bodies.check_size(come_bytes)
            self._policy.check_not_larger(come_bytes)
            yield part
        self._policy.check_not_smaller(come_bytes)


async def post_object(request: S3Request) -> FaceResponse:
    boundary = boundary_of(request.header("content-type"))
    if boundary is None:
        if request.header("content-type").partition(";")[0].strip().lower() == "multipart/form-data":
            raise invalid("MALFORMED_POST_REQUEST", "the Content-Type of the form names no boundary")
        raise invalid("PRECONDITION_FAILED", "Bucket POST must be of the enclosure-type multipart/form-data")
    form = Form(aiter(request.body()), boundary)
    fields = dict(await form.read_fields())
    if "key" not in fields:
        raise invalid_argument("key", "", "Bucket POST must contain a field named 'key'")
    fields["key"] = fields["key"].replace(FILE_NAME, form.file_name)
    policy = _let_in(request, fields)
    key = checked_key(fields["key"])
    if not key:
        raise invalid_argument("key", "", "User key must have a length greater than 0.")
    refused_headers.check_write(fields)
    await acl_grants.check_put(request, {**fields, "x-amz-acl": fields["acl"]} if "acl" in fields else fields)
    first = objects_pb2.PutObjectRequest(
        name=object_name(request.bucket_name, key),
        metadata=object_headers.metadata_of(fields),
        checksums=checksum_headers.expected(fields),
        tags=await _tags(fields),
        retention=lock_headers.retention_of(fields),
        legal_hold=lock_headers.legal_hold_of(fields),
    )
    beside: list[bytes] = []
    stored = (await request.call("PutObject", bodies.messages(first, _File(form, policy), "", beside), beside)).object
    return _answer(request, fields, key, stored)


def _let_in(request: S3Request, fields: Mapping[str, str]) -> Policy:
    """Has the calls made by who has signed the form. Raises ApiError."""
    signed = request.verify_form(fields)
    if signed is None:
        return _ANY_SIZE
    principal = signed.key.principal
    request.came.credential = lambda _: principal
    request.account = request.address.account or signed.key.account
    return signed.policy


async def _tags(fields: Mapping[str, str]) -> dict[str, str]:
    if "tagging" not in fields:
        return {}
    return tags_in(await reading_xml.read(fields["tagging"].encode(), "Tagging"), lock_headers.MAX_OBJECT_TAGS)


def _answer(request: S3Request, fields: Mapping[str, str], key: str, stored: objects_pb2.Object) -> FaceResponse:
    headers = stored_headers(stored)
    etag = f'"{stored.etag}"'
    redirect = next((fields[name] for name in _REDIRECTS if fields.get(name)), "")
    if _REDIRECT.fullmatch(redirect):
        told = urlencode({"bucket": request.bucket, "key": key, "etag": etag}, quote_via=quote)
        location = f"{redirect}{'&' if '?' in redirect else '?'}{told}"
        return nothing(request, 303, [*headers, ("location", location)])
    location = f"https://{request.header('host')}/{request.bucket}/{quote(key, safe='/~')}"
    headers.append(("location", location))
    status = _STATUSES.get(fields.get("success_action_status", ""), 204)
    if status != 201:
        return nothing(request, status, headers)
    content = "".join(
        element(name, value)
        for name, value in (("Location", location), ("Bucket", request.bucket), ("Key", key), ("ETag", etag))
    )
    body = f"{DECLARATION}<PostResponse>{content}</PostResponse>".encode()
    return FaceResponse(201, [CONTENT_TYPE, *ids(request), *headers], body)
