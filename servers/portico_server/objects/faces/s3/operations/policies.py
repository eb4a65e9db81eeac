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
_VERSIONS = ("2012-10-17", "2008-10-17")
_POLICY = {"Version", "Id", "Statement"}
_PLAIN = {"Sid", "Effect", "Principal", "Action", "Resource"}
_STATEMENT = {*_PLAIN, "NotPrincipal", "NotAction", "NotResource", "Condition"}
_PRINCIPALS = {"AWS", "CanonicalUser", "Federated", "Service"}
_INSTEAD = (
    "the one policy that a bucket can have allows s3:GetObject (of current versions: not s3:GetObjectVersion) on all "
    "its objects to everybody; say who else may do what by access policies of the account (`portico access policies`)"
)


async def get_policy(request: S3Request) -> FaceResponse:
    if not await _is_public(request):
        raise missing("NO_SUCH_BUCKET_POLICY", "the bucket policy does not exist")
    statement = {
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
    """Whether it is the policy that there can be. Raises ApiError: `MALFORMED_POLICY` for what is none."""
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise _malformed("it must be an object with Statement")
    if policy.keys() - _POLICY:
        raise _malformed(f"it has no element {sorted(policy.keys() - _POLICY)[0][:64]!r}")
    if policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise _malformed(f"its Version must be one of {', '.join(_VERSIONS)}")
    statements = policy["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    if not statements or not all(isinstance(statement, dict) for statement in statements):
        raise _malformed("Statement must hold objects, one at least")
    for statement in statements:
        _check_form(statement, bucket)
    for statement in statements:
        if not _lets_anybody_read(statement, bucket):
            raise not_implemented("this bucket policy", _INSTEAD)


def _check_form(statement: dict[str, Any], bucket: str) -> None:
    """Whether it says something that S3 knows, of this bucket. Raises ApiError."""
    for name in ("Principal", "Action", "Resource"):
        if (name in statement) == (f"Not{name}" in statement):
            raise _malformed(f"a statement needs {name}, or Not{name}")
        if not statement.get(name, statement.get(f"Not{name}")):
            raise _malformed(f"a statement's {name} says nothing")
    if statement.keys() - _STATEMENT:
        raise _malformed(f"a statement has no element {sorted(statement.keys() - _STATEMENT)[0][:64]!r}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise _malformed("a statement's Effect must be Allow or Deny")
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal != "*" and not (isinstance(principal, dict) and principal.keys() <= _PRINCIPALS):
        raise _malformed("invalid principal in policy")
    actions = _strings(statement.get("Action", statement.get("NotAction")))
    if not all(action == "*" or action.startswith("s3:") for action in actions):
        raise _malformed("policy has invalid action: it must begin with s3:")
    within = (f"arn:aws:s3:::{bucket}/", "arn:aws:s3:::*")
    for resource in _strings(statement.get("Resource", statement.get("NotResource"))):
        if resource != f"arn:aws:s3:::{bucket}" and not resource.startswith(within) and resource != "*":
            raise _malformed("policy has invalid resource: it is not in this bucket")


def _lets_anybody_read(statement: dict[str, Any], bucket: str) -> bool:
    return (
        statement.keys() <= _PLAIN
        and statement["Effect"] == "Allow"
        and statement["Principal"] in _EVERYBODY
        and _strings(statement["Action"]) == ["s3:GetObject"]
        and _strings(statement["Resource"]) == [f"arn:aws:s3:::{bucket}/*"]
    )


def _strings(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]


def _malformed(message: str) -> Exception:
    return invalid("MALFORMED_POLICY", f"the policy is malformed: {message}")
