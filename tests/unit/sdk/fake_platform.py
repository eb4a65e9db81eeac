"""A small platform in this process for tests of the clients: real gRPC over mTLS, state in dictionaries, faults on
demand.

It keeps the contracts' promises as far as the tests of SDK and CLI look at them. What the real platform does is
tested end to end.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import json
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import trustme
from cryptography import x509
from google.longrunning import operations_pb2
from google.longrunning.operations_pb2_grpc import OperationsServicer, add_OperationsServicer_to_server
from google.protobuf import any_pb2, empty_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from portico.gateway.v1 import credentials_pb2, credentials_pb2_grpc, telemetry_pb2, telemetry_pb2_grpc
from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc, objects_pb2, objects_pb2_grpc
from tests.unit.sdk.fake_conditions import check_match
from tests.unit.sdk.fake_scrubs import LongWork

ACCOUNT = "accounts/default"
SUBJECT = f"{ACCOUNT}/principals/admin"
CHUNK_BYTES = 64 * 1024


@dataclass
class Fault:
    """How a call is to fail: before it is served, or after so many response messages."""

    code: grpc.StatusCode
    reason: str = "INJECTED"
    message: str = "as the test wants it"
    retry_after_seconds: float | None = None
    after_messages: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    violations: tuple[tuple[str, str, str], ...] = ()


@dataclass
class FakePlatform:
    """What the servicers share and tests look at. `faults` are taken by method name, one a call."""

    folder: Path
    authority: trustme.CA
    address: str = ""
    faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    calls: Counter[str] = field(default_factory=Counter)
    headers: dict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    requests: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    buckets: dict[str, buckets_pb2.Bucket] = field(default_factory=dict)
    objects: dict[str, tuple[objects_pb2.Object, bytes]] = field(default_factory=dict)
    spans: list[Any] = field(default_factory=list)
    events: list[telemetry_pb2.RequestEvent] = field(default_factory=list)
    traces: dict[str, telemetry_pb2.GetTraceResponse] = field(default_factory=dict)
    operations: dict[str, Iterator[operations_pb2.Operation]] = field(default_factory=dict)
    answered: dict[str, Any] = field(default_factory=dict)
    token_seconds: int = 3600
    certificate_days: int = 30
    corrupt: Callable[[bytes], bytes] = bytes
    policy_revision: int | str = 0
    """What answers name."""
    pause: threading.Event = field(default_factory=threading.Event)
    """Cleared: a get stops in its middle until it is set."""
    tokens: set[str] = field(default_factory=set)
    authorities_pem: bytes = b""
    """What clients are told to trust."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.authorities_pem = self.authorities_pem or self.authority.cert_pem.bytes()

    @property
    def profile(self) -> Path:
        return self.folder / "profile"

    def token(self, **claims: Any) -> str:
        """A token that this platform takes."""
        now = int(time.time())
        body = {"iat": now, "exp": now + self.token_seconds, "jti": str(next(self._numbers)), "sub": SUBJECT, **claims}
        parts = ({"alg": "ES256", "typ": "at+jwt"}, body)
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        token = ".".join([*encoded, "c2lnbmF0dXJl"])
        self.tokens.add(token)
        return token

    def write_profile(self, token: str | None = None) -> Path:
        """A profile as `portico up` writes it."""
        self.profile.mkdir(mode=0o700, exist_ok=True)
        client = self.authority.issue_cert("client.test")
        files = {
            "profile.toml": f'address = "{self.address}"\naccount = "default"\n'.encode(),
            "ca.pem": self.authority.cert_pem.bytes(),
            "client.pem": client.cert_chain_pems[0].bytes(),
            "client.key": client.private_key_pem.bytes(),
            "token": (self.token() if token is None else token).encode(),
        }
        for name, content in files.items():
            (self.profile / name).write_bytes(content)
            (self.profile / name).chmod(0o600)
        return self.profile

    def fail(self, method: str, *faults: Fault) -> None:
        self.faults[method].extend(faults)


def abort(context: Any, fault: Fault, ray_id: str) -> None:
    """Ends the call as the real platform does: code, message, google.rpc details."""
    info = error_details_pb2.ErrorInfo(reason=fault.reason, domain="portico", metadata={**fault.metadata})
    info.metadata["ray_id"] = ray_id
    details = [info]
    if fault.violations:
        bad = error_details_pb2.BadRequest()
        for path, told, rule in fault.violations:
            bad.field_violations.add(field=path, description=told, reason=rule)
        details.append(bad)
    if fault.retry_after_seconds is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(int(fault.retry_after_seconds * 1e9))
        details.append(retry)
    status = status_pb2.Status(code=fault.code.value[0], message=fault.message)
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(fault.code, fault.message)


class _Door(grpc.ServerInterceptor):
    """Ray id, token and injected faults for every method."""

    def __init__(self, platform: FakePlatform) -> None:
        self.platform = platform

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = continuation(details)
        if handler is None:
            return None
        platform, name = self.platform, details.method.rpartition("/")[2]
        headers = {key: value for key, value in details.invocation_metadata if isinstance(value, str)}

        def enter(context: Any) -> tuple[str, Fault | None]:
            ray_id = f"{next(platform._numbers):032x}"
            context.ray_id = ray_id
            platform.calls[name] += 1
            platform.headers[name].append(headers)
            told = (("x-policy-revision", str(platform.policy_revision)),) if platform.policy_revision else ()
            context.send_initial_metadata((("x-ray-id", ray_id), *told))
            token = headers.get("authorization", "").removeprefix("Bearer ")
            anonymous = name in ("CreateToken", "CreateCertificate", "Check", "List", "Watch")
            if not anonymous and token not in platform.tokens:
                reason = "TOKEN_EXPIRED" if token else "TOKEN_MISSING"
                abort(context, Fault(grpc.StatusCode.UNAUTHENTICATED, reason, "get a new token"), ray_id)
            fault = platform.faults[name].popleft() if platform.faults[name] else None
            if fault and not fault.after_messages:
                abort(context, fault, ray_id)
            return ray_id, fault

        def single(behavior: Callable[..., Any]) -> Callable[..., Any]:
            def serve(request: Any, context: Any) -> Any:
                enter(context)
                if not handler.request_streaming:
                    platform.requests[name].append(request)
                return behavior(request, context)

            return serve

        def many(behavior: Callable[..., Any]) -> Callable[..., Any]:
            def serve(request: Any, context: Any) -> Iterator[Any]:
                ray_id, fault = enter(context)
                platform.requests[name].append(request)
                for number, message in enumerate(behavior(request, context)):
                    if fault and number == fault.after_messages:
                        abort(context, fault, ray_id)
                    yield message

            return serve

        if handler.response_streaming:
            return handler._replace(unary_stream=many(handler.unary_stream)) if handler.unary_stream else handler
        if handler.request_streaming:
            return handler._replace(stream_unary=single(handler.stream_unary))
        return handler._replace(unary_unary=single(handler.unary_unary))


class _Buckets(LongWork, buckets_pb2_grpc.BucketServiceServicer):
    def __init__(self, platform: FakePlatform) -> None:
        self.platform = platform

    def CreateBucket(self, request: Any, context: Any) -> Any:
        if request.request_id in self.platform.answered:
            return self.platform.answered[request.request_id]
        name = f"{request.parent}/buckets/{request.bucket_id}"
        if name in self.platform.buckets:
            told = f"the account has a bucket {request.bucket_id}: choose another id"
            abort(context, Fault(grpc.StatusCode.ALREADY_EXISTS, "BUCKET_ALREADY_EXISTS", told), context.ray_id)
        bucket = buckets_pb2.Bucket(name=name, etag="1", versioning=request.bucket.versioning or 1)
        bucket.location_hint, bucket.jurisdiction = request.bucket.location_hint, request.bucket.jurisdiction
        bucket.placement.store, bucket.placement.location = "local", "enam"
        bucket.create_time.GetCurrentTime()
        self.platform.buckets[name] = bucket
        response = buckets_pb2.CreateBucketResponse(bucket=bucket)
        self.platform.answered[request.request_id] = response
        return response

    def GetBucket(self, request: Any, context: Any) -> Any:
        return buckets_pb2.GetBucketResponse(bucket=self._found(request.name, context))

    def ListBuckets(self, request: Any, context: Any) -> Any:
        found = [bucket for name, bucket in sorted(self.platform.buckets.items())]
        page, token = _page(found, request)
        return buckets_pb2.ListBucketsResponse(buckets=page, next_page_token=token)

    def UpdateBucket(self, request: Any, context: Any) -> Any:
        bucket = self._found(request.bucket.name, context)
        paths = request.update_mask.paths or [field.name for field, _ in request.bucket.ListFields()]
        for path in set(paths) - {"name", "etag"}:
            bucket.ClearField(path)
            bucket.MergeFrom(buckets_pb2.Bucket(**{path: getattr(request.bucket, path)}))
        return buckets_pb2.UpdateBucketResponse(bucket=bucket)

    def DeleteBucket(self, request: Any, context: Any) -> Any:
        self._found(request.name, context)
        held = [name for name in self.platform.objects if name.startswith(request.name + "/")]
        if held and not request.force:
            told = "the bucket holds objects: delete them first, or use force"
            abort(context, Fault(grpc.StatusCode.FAILED_PRECONDITION, "BUCKET_NOT_EMPTY", told), context.ray_id)
        for name in held:
            del self.platform.objects[name]
        del self.platform.buckets[request.name]
        name = "operations/objects/1"
        done = operations_pb2.Operation(name=name, done=True)
        running = operations_pb2.Operation(name=name)
        running.metadata.Pack(buckets_pb2.DeleteBucketMetadata(deleted_versions=len(held)))
        self.platform.operations[name] = iter([running] * 2 + [done] * 9)
        return buckets_pb2.DeleteBucketResponse(operation=operations_pb2.Operation(name=name, done=not held))

    def _found(self, name: str, context: Any) -> Any:
        if name not in self.platform.buckets:
            told = f"there is no bucket {name.rpartition('/')[2]}"
            fault = Fault(grpc.StatusCode.NOT_FOUND, "BUCKET_NOT_FOUND", told, metadata={"resource": name})
            abort(context, fault, context.ray_id)
        return self.platform.buckets[name]


class _Objects(objects_pb2_grpc.ObjectServiceServicer):
    def __init__(self, platform: FakePlatform) -> None:
        self.platform = platform

    def PutObject(self, messages: Iterator[Any], context: Any) -> Any:
        parts = list(messages)
        self.platform.requests["PutObject"].append(parts)
        first = parts[0]
        bucket = first.name.partition("/objects/")[0]
        if bucket not in self.platform.buckets:
            told = f"there is no bucket {bucket.rpartition('/')[2]}"
            abort(context, Fault(grpc.StatusCode.NOT_FOUND, "BUCKET_NOT_FOUND", told), context.ray_id)
        if "*" in first.conditions.if_none_match and first.name in self.platform.objects:
            told = "there is an object of that key"
            abort(context, Fault(grpc.StatusCode.FAILED_PRECONDITION, "OBJECT_EXISTS", told), context.ray_id)
        data = self.platform.corrupt(b"".join(part.data.data for part in parts))
        digest = hashlib.md5(data).digest()
        if first.checksums.md5 and first.checksums.md5 != digest:
            abort(context, Fault(grpc.StatusCode.INVALID_ARGUMENT, "BAD_DIGEST", "other bytes"), context.ray_id)
        stored = self._object(first.name, data, first.metadata)
        self.platform.objects[first.name] = (stored, data)
        return objects_pb2.PutObjectResponse(object=stored)

    def GetObject(self, request: Any, context: Any) -> Iterator[Any]:
        found, data = self._found(request.name, context)
        check_match(request, found, context)
        start = request.offset_bytes if request.offset_bytes >= 0 else max(0, len(data) + request.offset_bytes)
        if start > len(data):
            abort(context, Fault(grpc.StatusCode.OUT_OF_RANGE, "INVALID_RANGE", "behind its end"), context.ray_id)
        end = min(len(data), start + request.limit_bytes) if request.limit_bytes else len(data)
        wanted = self.platform.corrupt(data[start:end])
        first = objects_pb2.GetObjectResponse(object=found, offset_bytes=start, length_bytes=end - start)
        first.data.data = wanted[:CHUNK_BYTES]
        yield first
        for at in range(CHUNK_BYTES, len(wanted), CHUNK_BYTES):
            while not self.platform.pause.wait(0.05):
                if not context.is_active():
                    return
            message = objects_pb2.GetObjectResponse()
            message.data.data = wanted[at : at + CHUNK_BYTES]
            yield message

    def HeadObject(self, request: Any, context: Any) -> Any:
        return objects_pb2.HeadObjectResponse(object=self._found(request.name, context)[0])

    def ListObjects(self, request: Any, context: Any) -> Any:
        if request.parent not in self.platform.buckets:
            abort(context, Fault(grpc.StatusCode.NOT_FOUND, "BUCKET_NOT_FOUND", "no such bucket"), context.ray_id)
        prefixes, found = self._below(request)
        page, token = _page(found, request)
        return objects_pb2.ListObjectsResponse(objects=page, prefixes=prefixes, next_page_token=token)

    def _below(self, request: Any) -> tuple[list[str], list[Any]]:
        """The common prefixes and the objects that a listing answers."""
        base = f"{request.parent}/objects/"
        prefixes: dict[str, None] = {}
        found = []
        for name, (item, _) in sorted(self.platform.objects.items()):
            key = name.removeprefix(base)
            if name == key or not key.startswith(request.prefix) or key <= request.start_after:
                continue
            head, delimiter, _ = key[len(request.prefix) :].partition(request.delimiter or "\x00")
            if delimiter:
                prefixes[request.prefix + head + delimiter] = None
            else:
                found.append(item)
        return list(prefixes), found

    def ListObjectVersions(self, request: Any, context: Any) -> Any:
        prefixes, found = self._below(request)
        page, token = _page(found, request)
        return objects_pb2.ListObjectVersionsResponse(objects=page, prefixes=prefixes, next_page_token=token)

    def UpdateObject(self, request: Any, context: Any) -> Any:
        found, _ = self._found(request.name, context)
        for name in request.update_mask.paths:
            found.ClearField(name)
            if name == "tags":
                found.tags.update(request.tags)
            elif name == "legal_hold":
                found.legal_hold = request.legal_hold
            elif request.HasField("retention"):
                found.retention.CopyFrom(request.retention)
        return objects_pb2.UpdateObjectResponse(object=found)

    def DeleteObject(self, request: Any, context: Any) -> Any:
        check_match(request, self.platform.objects.get(request.name, (None,))[0], context)
        gone = self.platform.objects.pop(request.name, None)
        return objects_pb2.DeleteObjectResponse(version_id=gone[0].version_id if gone else "")

    def DeleteObjects(self, request: Any, context: Any) -> Any:
        response = objects_pb2.DeleteObjectsResponse()
        for entry in request.objects:
            gone = self.platform.objects.pop(entry.name, None)
            response.results.add(version_id=gone[0].version_id if gone else "")
        return response

    def CopyObject(self, request: Any, context: Any) -> Any:
        source, data = self._found(request.source, context)
        metadata = request.metadata if request.HasField("metadata") else source.metadata
        copy = self._object(request.name, data, metadata)
        self.platform.objects[request.name] = (copy, data)
        return objects_pb2.CopyObjectResponse(object=copy)

    def _object(self, name: str, data: bytes, metadata: Any) -> Any:
        digest = hashlib.md5(data)
        made = objects_pb2.Object(name=name, version_id="null", etag=digest.hexdigest(), size_bytes=len(data))
        made.checksums.md5 = digest.digest()
        made.metadata.CopyFrom(metadata)
        made.latest = True
        made.create_time.GetCurrentTime()
        return made

    def _found(self, name: str, context: Any) -> Any:
        if name not in self.platform.objects:
            told = f"there is no object {name.partition('/objects/')[2]}"
            fault = Fault(grpc.StatusCode.NOT_FOUND, "OBJECT_NOT_FOUND", told, metadata={"resource": name})
            abort(context, fault, context.ray_id)
        return self.platform.objects[name]


class _Credentials(credentials_pb2_grpc.CredentialServiceServicer):
    def __init__(self, platform: FakePlatform) -> None:
        self.platform = platform

    def CreateToken(self, request: Any, context: Any) -> Any:
        token = self.platform.token(sub=request.subject or SUBJECT)
        authorities = self.platform.authorities_pem.decode()
        response = credentials_pb2.CreateTokenResponse(token=token, authority_pem=authorities)
        response.expire_time.FromSeconds(int(time.time()) + self.platform.token_seconds)
        return response

    def CreateCertificate(self, request: Any, context: Any) -> Any:
        certificate = sign(self.platform.authority, request.certificate_request, self.platform.certificate_days)
        return credentials_pb2.CreateCertificateResponse(
            certificate_pem=certificate, authority_pem=self.platform.authorities_pem.decode()
        )


class _Telemetry(telemetry_pb2_grpc.TelemetryServiceServicer):
    def __init__(self, platform: FakePlatform) -> None:
        self.platform = platform

    def GetTrace(self, request: Any, context: Any) -> Any:
        found = self.platform.traces.get(request.name.rpartition("/")[2])
        if found is None:
            told = "nothing is known of that trace"
            abort(context, Fault(grpc.StatusCode.NOT_FOUND, "TRACE_NOT_FOUND", told), context.ray_id)
        return found

    def ListRequestEvents(self, request: Any, context: Any) -> Any:
        page, token = _page([event for event in self.platform.events if event.code or not request.failed_only], request)
        return telemetry_pb2.ListRequestEventsResponse(request_events=page, next_page_token=token)


class _Spans(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self, platform: FakePlatform) -> None:
        self.platform = platform

    def Export(self, request: Any, context: Any) -> Any:
        for of_resource in request.resource_spans:
            for of_scope in of_resource.scope_spans:
                self.platform.spans.extend(of_scope.spans)
        return trace_service_pb2.ExportTraceServiceResponse()


class _Operations(OperationsServicer):
    def __init__(self, platform: FakePlatform) -> None:
        self.platform = platform

    def GetOperation(self, request: Any, context: Any) -> Any:
        found = self.platform.operations.get(request.name)
        if found is None:
            abort(context, Fault(grpc.StatusCode.NOT_FOUND, "OPERATION_NOT_FOUND", "there is none"), context.ray_id)
        assert found is not None
        return next(found)

    def CancelOperation(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


def sign(authority: trustme.CA, request_der: bytes, days: float, age_days: float = 0.001) -> str:
    """A certificate for a request's public key that holds so many days more, issued so many ago."""
    import datetime

    from cryptography.hazmat.primitives import hashes, serialization

    request = x509.load_der_x509_csr(request_der)
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")]))
        .issuer_name(issuer.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=age_days))
        .not_valid_after(now + datetime.timedelta(days=days))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()  # type: ignore[arg-type]


def _page(items: list[Any], request: Any) -> tuple[list[Any], str]:
    start = int(request.page_token or 0)
    end = start + (request.page_size or 1000)
    return items[start:end], str(end) if end < len(items) else ""


@contextlib.contextmanager
def fake_platform(folder: Path) -> Iterator[FakePlatform]:
    """Starts one on a free port and writes its profile."""
    platform = FakePlatform(folder, trustme.CA())
    platform.pause.set()
    node = platform.authority.issue_cert("127.0.0.1", "localhost")
    credentials = grpc.ssl_server_credentials(
        [(node.private_key_pem.bytes(), node.cert_chain_pems[0].bytes())],
        platform.authority.cert_pem.bytes(),
        require_client_auth=True,
    )
    server = grpc.server(futures.ThreadPoolExecutor(8), interceptors=[_Door(platform)])
    buckets_pb2_grpc.add_BucketServiceServicer_to_server(_Buckets(platform), server)
    objects_pb2_grpc.add_ObjectServiceServicer_to_server(_Objects(platform), server)
    credentials_pb2_grpc.add_CredentialServiceServicer_to_server(_Credentials(platform), server)
    telemetry_pb2_grpc.add_TelemetryServiceServicer_to_server(_Telemetry(platform), server)
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(_Spans(platform), server)
    add_OperationsServicer_to_server(_Operations(platform), server)
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    platform.address = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}"
    platform.write_profile()
    server.start()
    try:
        yield platform
    finally:
        server.stop(None).wait()
