"""Bucket policies as documents: what one opens to everybody, which is all that one can say here.

All else is said by access policies of the account, which know principals, permissions and resources of all products.
Source: Amazon S3 User Guide, "Bucket policies for Amazon S3"; IAM User Guide, "IAM JSON policy elements reference".
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from portico_server.objects.faces.s3.refusals import invalid, not_implemented

GET, LIST, LOCATE = "s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"

_EVERYBODY: tuple[Any, ...] = ("*", ["*"], {"AWS": "*"}, {"AWS": ["*"]})
_VERSIONS = ("2012-10-17", "2008-10-17")
_POLICY = {"Version", "Id", "Statement"}
_PLAIN = {"Sid", "Effect", "Principal", "Action", "Resource"}
_STATEMENT = {*_PLAIN, "NotPrincipal", "NotAction", "NotResource", "Condition"}
_PRINCIPALS = {"AWS", "CanonicalUser", "Federated", "Service"}
_ACTION = re.compile(r"\*|s3:[A-Za-z*?]+")
_INSTEAD = (
    "a bucket policy can allow s3:GetObject (of current versions: not s3:GetObjectVersion) on all its objects, and "
    "s3:ListBucket and s3:GetBucketLocation on the bucket, to everybody; say who else may do what by access policies "
    "of the account (`portico access grant`)"
)


class Opened(NamedTuple):
    """What everybody may do."""

    read: bool
    list: bool
    locate: bool = False


def opened_by(policy: Any, bucket: str) -> Opened:
    """What a policy opens, by its JSON. Raises ApiError: `MALFORMED_POLICY` for what is none, `NOT_IMPLEMENTED`."""
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
    allowed = {action for statement in statements for action in _allowed_to_everybody(statement, bucket)}
    return Opened(GET in allowed, LIST in allowed, LOCATE in allowed)


def document_of(opened: Opened, bucket: str) -> dict[str, Any]:
    """The policy that opens this."""
    arn = f"arn:aws:s3:::{bucket}"
    of_the_bucket = [LOCATE] * opened.locate + [LIST] * opened.list
    allowed = [([GET] * opened.read, f"{arn}/*"), (of_the_bucket, arn)]
    return {
        "Version": _VERSIONS[0],
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": [resource]}
            for actions, resource in allowed
            if actions
        ],
    }


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
    if statement["Effect"] == "Allow" and "NotPrincipal" in statement:
        raise _malformed("Allow with NotPrincipal is not allowed")
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal not in _EVERYBODY and not _names_somebody(principal):
        raise _malformed("invalid principal in policy")
    if not all(map(_ACTION.fullmatch, _strings(statement.get("Action", statement.get("NotAction"))))):
        raise _malformed("policy has invalid action: it must be as s3:GetObject")
    within = (f"arn:aws:s3:::{bucket}/", "arn:aws:s3:::*")
    for resource in _strings(statement.get("Resource", statement.get("NotResource"))):
        if resource != f"arn:aws:s3:::{bucket}" and not resource.startswith(within) and resource != "*":
            raise _malformed("policy has invalid resource: it is not in this bucket")


def _names_somebody(principal: Any) -> bool:
    if not isinstance(principal, dict) or not principal or principal.keys() - _PRINCIPALS:
        return False
    return all(names and all(names) for names in map(_strings, principal.values()))


def _allowed_to_everybody(statement: dict[str, Any], bucket: str) -> list[str]:
    """The actions that a statement allows. Raises ApiError for one that says anything else."""
    arn = f"arn:aws:s3:::{bucket}"
    of_objects = {f"{arn}/*", "arn:aws:s3:::*/*", "arn:aws:s3:::*", "*"}
    of_the_bucket = {arn, "arn:aws:s3:::*", "*"}
    on = {GET: of_objects, LIST: of_the_bucket, LOCATE: of_the_bucket}
    actions, resources = _strings(statement.get("Action")), set(_strings(statement.get("Resource")))
    plain = statement.keys() <= _PLAIN and statement["Effect"] == "Allow" and statement["Principal"] in _EVERYBODY
    if not plain or not on.keys() >= set(actions) or resources - on[GET] - on[LIST]:
        raise not_implemented("this bucket policy", _INSTEAD)
    for action in actions:
        if not resources & on[action]:
            raise _malformed(f"action does not apply to any resource(s) in statement: {action}")
    return actions


def _strings(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]


def _malformed(message: str) -> Exception:
    return invalid("MALFORMED_POLICY", f"the policy is malformed: {message}")
