"""The S3 face: a request's address, who signed it, its operation, its answer.

Source: Amazon S3 API Reference.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from urllib.parse import unquote

from portico.objects.v1 import buckets_pb2
from portico_server.objects.content.placing import ANYWHERE, Placing
from portico_server.objects.faces.s3 import cors_answers, error_answers, post_policy, sigv4
from portico_server.objects.faces.s3.addresses import Address, Hosts
from portico_server.objects.faces.s3.asked_bucket import check_is_there
from portico_server.objects.faces.s3.body import Body, body_of
from portico_server.objects.faces.s3.canonical import decoded_query
from portico_server.objects.faces.s3.circles import Circles
from portico_server.objects.faces.s3.operations import table
from portico_server.objects.faces.s3.post_policy import SignedForm
from portico_server.objects.faces.s3.refusals import method_not_allowed, not_implemented
from portico_server.objects.faces.s3.refused_headers import check_owner
from portico_server.objects.faces.s3.request import (
    IsLocated,
    S3Request,
    by_name,
    check_signed,
    headers_of,
    nowhere,
)
from portico_server.objects.faces.s3.signers import Signers
from portico_server.objects.usage.metering import one_request
from portico_server.platform.blobs import loops
from portico_server.platform.clock import Clock
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceCalls, FaceRequest, FaceResponse

DOOR = "s3"
ANONYMOUS_ACCOUNT = "default"
"""Whose buckets anonymous callers reach where the host names no account."""

CorsRules = Callable[[str], Awaitable[Sequence[buckets_pb2.CorsRule]]]
"""Those of a bucket, by its name; none for one that is not there. Browsers ask for them before anybody has signed."""


class S3Face:
    """Answers requests of S3."""

    door = DOOR

    def __init__(
        self,
        hosts: Hosts,
        signers: Signers,
        clock: Clock,
        hashing: Executor,
        cors_rules: CorsRules,
        placing: Placing = ANYWHERE,
        circles: Circles | None = None,
        is_located: IsLocated = nowhere,
    ) -> None:
        """`hashing`: threads for what is not small. `placing` knows where the platform's stores are, `circles` who asks
        for what they keep; `is_located`, of a bucket's name, whether anybody may ask where it is."""
        self._hosts = hosts
        self._signers = signers
        self._clock = clock
        self._hashing = hashing
        self._cors_rules = cors_rules
        self._placing = placing
        self._circles = circles
        self._is_located = is_located

    async def answer(self, request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        headers, pairs = headers_of(request.headers), decoded_query(request.query)
        if loops.HEADER in headers and self._circles is not None:
            self._circles.enter(headers[loops.HEADER])
        address = self._hosts.address(headers.get("host", ""), request.raw_path)
        if request.verb == "OPTIONS":
            return await self._preflight(headers, by_name(pairs), address)
        signed = sigv4.verify(request, self._signers, self._clock, pairs)
        if signed is None:
            account = ANONYMOUS_ACCOUNT
        else:
            principal = signed.key.principal
            account = signed.key.account
            request.credential = lambda _: principal

        def body() -> Body:
            return body_of(request.body(), request.headers, signed, self._hashing)

        def verify_form(fields: Mapping[str, str]) -> SignedForm | None:
            return post_policy.verify_form(fields, address.bucket, self._signers, self._clock)

        asked = S3Request(
            request,
            calls,
            address,
            address.account or account,
            by_name(pairs),
            headers,
            body,
            signed=signed is not None,
            verify_form=verify_form,
            placing=self._placing,
            circles=self._circles,
            is_located=self._is_located,
        )
        if cors_answers.ORIGIN in headers and address.bucket:
            return await self._across_origins(asked)
        return await _answered(asked)

    def refusal(self, request: FaceRequest, error: ApiError, ray_id: str) -> FaceResponse:
        try:
            address = self._hosts.address(headers_of(request.headers).get("host", ""), request.raw_path)
        except ApiError:
            address = None
        path = unquote(request.raw_path.decode("latin-1"))
        wanted_range = next((value.decode("latin-1") for name, value in request.headers if name == b"range"), "")
        return error_answers.answer(error, request.verb, address, path, ray_id, wanted_range)

    async def _preflight(self, headers: Mapping[str, str], query: Mapping[str, str], address: Address) -> FaceResponse:
        key_id = query.get("X-Amz-Credential", "").partition("/")[0]  # of a presigned URL
        account = address.account or self._signers.account_of(key_id) or ANONYMOUS_ACCOUNT
        name = f"accounts/{account}/buckets/{address.bucket}"
        rules = await self._cors_rules(name) if address.bucket else ()
        return cors_answers.preflight(headers, rules)

    async def _across_origins(self, request: S3Request) -> FaceResponse:
        """The answer to a page's request: an error, too, says that the page may read it."""
        rules = await self._cors_rules(request.bucket_name)
        origin = request.headers[cors_answers.ORIGIN]
        rule = cors_answers.fitting(rules, origin, request.headers.get(cors_answers.METHOD, request.verb))
        if rule is None:
            return await _answered(request)
        told = cors_answers.allowed(rule, origin)
        try:
            response = await _answered(request)
        except ApiError as error:
            error.metadata |= told  # by which the refusal says it
            raise
        response.headers = [*response.headers, *told.items()]
        return response


async def _answered(request: S3Request) -> FaceResponse:
    """The operation's answer. Raises ApiError."""
    address = request.address
    level = table.OBJECT if address.key else table.BUCKET if address.bucket else table.SERVICE
    operation = table.operation_of(level, request.verb, request.query, "x-amz-copy-source" in request.headers)
    if operation is None:
        raise method_not_allowed(request.verb, table.verbs_of(level, request.query))
    if not operation.anonymous:
        check_signed(request)  # before anything is told of what has been sent
    if operation.answer is None:
        raise not_implemented(operation.name, operation.note)
    if request.query:
        table.check_parameters(operation, request.query)
    check_owner(request)
    one_request(operation.class_)
    try:
        return await operation.answer(request)
    except ApiError:
        if (operation.is_of_a_bucket or (not request.signed and address.key)) and not request.ray_id:
            await check_is_there(request)  # that it is not, or not for the caller, is told before what is wrong
        raise
