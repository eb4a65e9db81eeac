"""Cross-origin requests (Fetch, 3.2): which of a bucket's rules fits one, and what its answer says to browsers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grpc import StatusCode

from portico.objects.v1 import buckets_pb2
from portico_server.objects.faces.s3.error_answers import HOST_ID
from portico_server.objects.faces.s3.refusals import invalid
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceResponse

ORIGIN = "origin"
METHOD = "access-control-request-method"
_HEADERS = "access-control-request-headers"


def preflight(headers: Mapping[str, str], rules: Iterable[buckets_pb2.CorsRule]) -> FaceResponse:
    """The answer to OPTIONS. Raises ApiError where no rule fits."""
    origin, method = headers.get(ORIGIN, ""), headers.get(METHOD, "")
    if not origin:
        raise invalid("BAD_REQUEST", "insufficient information: an Origin request header is needed")
    if not method:
        raise invalid("BAD_REQUEST", "invalid Access-Control-Request-Method: none was sent")
    wanted = [name.strip() for name in headers.get(_HEADERS, "").split(",") if name.strip()]
    rule = fitting(rules, origin, method, wanted)
    if rule is None:
        raise _forbidden()
    answered = [*allowed(rule, origin).items(), ("x-amz-id-2", HOST_ID)]
    if wanted:
        answered.append(("access-control-allow-headers", ", ".join(wanted)))
    if rule.max_age_seconds:
        answered.append(("access-control-max-age", str(rule.max_age_seconds)))
    return FaceResponse(200, answered)


def fitting(
    rules: Iterable[buckets_pb2.CorsRule], origin: str, method: str, headers: Iterable[str] = ()
) -> buckets_pb2.CorsRule | None:
    """The first rule that allows a page of the origin this method with these headers."""
    wanted = [name.lower() for name in headers]
    for rule in rules:
        if method not in rule.allowed_methods or not _matches(rule.allowed_origins, origin):
            continue
        allowed_names = [name.lower() for name in rule.allowed_headers]
        if all(_matches(allowed_names, name) for name in wanted):
            return rule
    return None


def allowed(rule: buckets_pb2.CorsRule, origin: str) -> dict[str, str]:
    """What an answer says to a page of the origin: headers."""
    anybody = "*" in rule.allowed_origins
    told = {"access-control-allow-origin": "*" if anybody else origin}
    told["access-control-allow-methods"] = ", ".join(rule.allowed_methods)
    if not anybody:
        told["access-control-allow-credentials"] = "true"
    if rule.expose_headers:
        told["access-control-expose-headers"] = ", ".join(rule.expose_headers)
    return {**told, "vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"}


def _matches(patterns: Iterable[str], text: str) -> bool:
    """Whether one of them, with a `*` at most, is the text."""
    for pattern in patterns:
        before, star, behind = pattern.partition("*")
        if pattern == text or (
            star and len(text) >= len(pattern) - 1 and text.startswith(before) and text.endswith(behind)
        ):
            return True
    return False


def _forbidden() -> ApiError:
    message = "CORSResponse: this CORS request is not allowed; put a CORS configuration that allows it"
    return ApiError(StatusCode.PERMISSION_DENIED, "ACCESS_FORBIDDEN", message)
