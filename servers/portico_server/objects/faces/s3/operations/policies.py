"""Bucket policies: the one that lets anybody read a bucket's objects, and what else S3 says of public buckets.

All else is said by access policies of the account, which know principals, permissions and resources of all products.
"""

from __future__ import annotations

import json
from typing import Any

from portico.objects.v1 import buckets_pb2
from portico_server.objects.faces.s3 import bodies
from portico_server.objects.faces.s3.answers import ids, nothing, xml
from portico_server.objects.faces.s3.operations.bucket_settings import update
from portico_server.objects.faces.s3.operations.buckets import bucket_of
from portico_server.objects.faces.s3.refusals import invalid, missing, not_implemented
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import boolean
from portico_server.platform.faces import FaceResponse

_EVERYBODY: tuple[Any, ...] = ("*", {"AWS": "*"}, {"AWS": ["*"]})
_READING = {"s3:GetObject", "s3:GetObjectVersion"}
_STATEMENT = {"Sid", "Effect", "Principal", "Action", "Resource"}
_INSTEAD = (
    "the one policy that a bucket can have allows s3:GetObject on all its objects to everybody; say who else may do "
    "what by access policies of the account (`portico access policies`)"
)


async def get_policy(request: S3Request) -> FaceResponse:
    if not await _is_public(request):
        raise missing("NO_SUCH_BUCKET_POLICY", "the bucket policy does not exist")
    statement = {
        "Sid": "PublicRead",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{request.bucket}/*"],
    }
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()
    return FaceResponse(200, [("content-type", "application/json"), *ids(request)], content)


async def put_policy(request: S3Request) -> FaceResponse:
    _check(await bodies.json_document(request), request.bucket)
    await update(request, "public_access", public_access=buckets_pb2.PUBLIC_ACCESS_READ)
    return nothing(request, 204)


async def delete_policy(request: S3Request) -> FaceResponse:
    await update(request, "public_access", public_access=buckets_pb2.PUBLIC_ACCESS_NONE)
    return nothing(request, 204)


async def get_policy_status(request: S3Request) -> FaceResponse:
    if not await _is_public(request):
        raise missing("NO_SUCH_BUCKET_POLICY", "the bucket policy does not exist")
    return xml(request, "PolicyStatus", boolean("IsPublic", True))


async def _is_public(request: S3Request) -> bool:
    return (await bucket_of(request)).public_access == buckets_pb2.PUBLIC_ACCESS_READ


def _check(policy: Any, bucket: str) -> None:
    """Whether it is the policy that there can be. Raises ApiError."""
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise _malformed("it must be an object with Statement")
    statements = policy["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    if not statements or not all(isinstance(statement, dict) for statement in statements):
        raise _malformed("Statement must hold objects, one at least")
    for statement in statements:
        missing_fields = {"Effect", "Principal", "Action", "Resource"} - statement.keys()
        if missing_fields and not {"NotPrincipal", "NotAction", "NotResource"} & statement.keys():
            raise _malformed(f"a statement needs {', '.join(sorted(missing_fields))}")
        _check_statement(statement, bucket)


def _check_statement(statement: dict[str, Any], bucket: str) -> None:
    actions, resources = _strings(statement.get("Action")), _strings(statement.get("Resource"))
    objects = f"arn:aws:s3:::{bucket}/*"
    if any(not resource.startswith((f"arn:aws:s3:::{bucket}/", f"arn:aws:s3:::{bucket}")) for resource in resources):
        raise _malformed("policy has invalid resource: it is not in this bucket")
    if (
        not statement.keys() <= _STATEMENT
        or statement["Effect"] != "Allow"
        or statement["Principal"] not in _EVERYBODY
        or not {"s3:GetObject"} <= set(actions) <= _READING
        or resources != [objects]
    ):
        raise not_implemented("this bucket policy", _INSTEAD)


def _strings(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]


def _malformed(message: str) -> Exception:
    return invalid("MALFORMED_POLICY", f"the policy is malformed: {message}")
