"""A bucket's CORS rules."""

from __future__ import annotations

from portico.objects.v1 import buckets_pb2
from portico_server.objects.faces.s3 import bodies
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.asked_bucket import bucket_of
from portico_server.objects.faces.s3.operations.bucket_settings import update
from portico_server.objects.faces.s3.reading_xml import Element
from portico_server.objects.faces.s3.refusals import invalid, invalid_argument, malformed_xml, missing
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import element, optional
from portico_server.platform.faces import FaceResponse

_MAX_RULES = 100
_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
_MAX_AGE_SECONDS = 86_400


async def get_cors(request: S3Request) -> FaceResponse:
    rules = (await bucket_of(request)).cors_rules
    if not rules:
        raise missing("NO_SUCH_CORS_CONFIGURATION", "The CORS configuration does not exist")
    return xml(request, "CORSConfiguration", "".join(map(_told, rules)))


async def put_cors(request: S3Request) -> FaceResponse:
    given = await bodies.document(request, "CORSConfiguration")
    rules = [_rule(found) for found in given.all("CORSRule")]
    if not 0 < len(rules) <= _MAX_RULES:
        raise malformed_xml(f"there must be 1 to {_MAX_RULES} of CORSRule")
    await update(request, "cors_rules", cors_rules=rules)
    return nothing(request)


async def delete_cors(request: S3Request) -> FaceResponse:
    await update(request, "cors_rules")
    return nothing(request, 204)


def _rule(found: Element) -> buckets_pb2.CorsRule:
    rule = buckets_pb2.CorsRule(id=found.value("ID"))
    for name, field in (
        ("AllowedOrigin", rule.allowed_origins),
        ("AllowedMethod", rule.allowed_methods),
        ("AllowedHeader", rule.allowed_headers),
        ("ExposeHeader", rule.expose_headers),
    ):
        field.extend(child.text.strip() for child in found.all(name))
    if not rule.allowed_origins or not rule.allowed_methods:
        raise malformed_xml("CORSRule needs AllowedOrigin and AllowedMethod")
    for method in rule.allowed_methods:
        if method not in _METHODS:
            raise invalid(
                "INVALID_REQUEST",
                f"Found unsupported HTTP method in CORS config. Unsupported method is {method[:32]}",
            )
    for origin in (*rule.allowed_origins, *rule.allowed_headers):
        if origin.count("*") > 1:
            raise invalid("INVALID_REQUEST", f"{origin[:128]!r} can not have more than one wildcard")
    if any("*" in name for name in rule.expose_headers):
        raise invalid("INVALID_REQUEST", "ExposeHeader contains wildcard; name each header")
    age = found.value("MaxAgeSeconds")
    if age:
        if not age.isdecimal() or int(age[:9]) > _MAX_AGE_SECONDS:
            raise invalid_argument("MaxAgeSeconds", age, f"MaxAgeSeconds must be 0 to {_MAX_AGE_SECONDS}")
        rule.max_age_seconds = int(age)
    return rule


def _told(rule: buckets_pb2.CorsRule) -> str:
    content = optional("ID", rule.id)
    content += "".join(element("AllowedHeader", name) for name in rule.allowed_headers)
    content += "".join(element("AllowedMethod", name) for name in rule.allowed_methods)
    content += "".join(element("AllowedOrigin", name) for name in rule.allowed_origins)
    content += "".join(element("ExposeHeader", name) for name in rule.expose_headers)
    if rule.max_age_seconds:
        content += element("MaxAgeSeconds", rule.max_age_seconds)
    return f"<CORSRule>{content}</CORSRule>"
