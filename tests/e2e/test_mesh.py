"""Products that call one another in a running platform, each placed in its turn in a process of its own."""

from __future__ import annotations

import hashlib
import os
import queue
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from google.longrunning import operations_pb2, operations_pb2_grpc
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc
from portico_server.platform.authorization import Principal
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.assertions import DOOR_ASSERTION, NODE_ASSERTION, at_door, by_certificate
from tests.e2e.calls import ACCOUNT, ADMIN, TIMEOUT_SECONDS, Objects, failure_of
from tests.e2e.revoking import (
    CERTIFICATE_REVOKED,
    keyring_of,
    new_certificate,
    refusal,
    revoke_certificate,
    sha256_of,
)
from tests.e2e.test_processes import in_flight
from tests.e2e.test_trace import found, traceparent
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.waiting import wait_until

pytestmark = SPREADS_ITSELF

REQUEST = testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a")
FOR_THE_CALLER, FOR_ITSELF = ("x-testing-relay", "caller"), ("x-testing-relay", "own")


@pytest.fixture(scope="module", params=["testing", "objects"])
def apart(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """`testing`: it calls what the front serves, by the door for nodes. `objects`: the front calls it by its socket."""
    folder = tmp_path_factory.mktemp("apart")
    with running_platform(folder, processes=(request.param,), **TESTING_PRODUCT) as running:
        yield running


def test_a_product_calls_another_for_its_caller_wherever_that_is(apart: RunningPlatform) -> None:
    check_calls_for_its_caller(apart)


def test_a_product_by_itself_may_do_nothing(apart: RunningPlatform) -> None:
    check_calls_for_itself(apart)


def test_the_same_holds_in_one_process_with_every_message_made_into_bytes(tmp_path: Path) -> None:
    with running_platform(tmp_path, mesh_messages="serialized", **TESTING_PRODUCT) as platform:
        check_calls_for_its_caller(platform)
        check_calls_for_itself(platform)


def check_calls_for_its_caller(platform: RunningPlatform) -> None:
    trace_id, _, header = traceparent()
    with platform.channel() as channel:
        bucket = Objects(channel).make_bucket()
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        answer = stub.Unary(REQUEST, timeout=TIMEOUT_SECONDS, metadata=[header, FOR_THE_CALLER])
        kept = found(channel, trace_id, 4)
        wait_until(lambda: len(found(channel, trace_id, 4).request_events) == 2, "both calls are in the trace")
        kept = found(channel, trace_id, 4)
    assert bucket in answer.text.split(",")
    acting = {event.method: (event.principal, event.acting_service) for event in kept.request_events}
    assert acting == {
        "/portico.testing.v1.TestingService/Unary": (ADMIN, ""),
        "/portico.objects.v1.BucketService/ListBuckets": (ADMIN, "portico.testing.v1.TestingService"),
    }
    by_id = {span.span_id: span for span in kept.spans}
    inner = next(span for span in kept.spans if span.name == "portico.objects.v1.BucketService/ListBuckets")
    assert by_id[inner.parent_span_id].name == "testing.TestingService.Unary", "a child of the span that it is made in"


def check_calls_for_itself(platform: RunningPlatform) -> None:
    """A list is filtered, not refused: there are buckets, and it is shown none."""
    with platform.channel() as channel:
        Objects(channel).make_bucket()
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        assert stub.Unary(REQUEST, timeout=TIMEOUT_SECONDS, metadata=[FOR_THE_CALLER]).text != ""
        assert stub.Unary(REQUEST, timeout=TIMEOUT_SECONDS, metadata=[FOR_ITSELF]).text == ""


@pytest.mark.parametrize("by", ["certificate_sha256", "certificate_serial"])
def test_a_call_that_was_let_in_is_made_for_its_caller_no_more_once_their_certificate_is_revoked(
    apart: RunningPlatform, by: str
) -> None:
    """Wherever the second product is: the first one serves the call, waits, and calls it then."""
    certificate, parsed = new_certificate(keyring_of(apart))
    subject = sha256_of(parsed) if by == "certificate_sha256" else f"{parsed.serial_number:x}"
    first = testing_pb2.ClientStreamRequest(name=f"{ACCOUNT}/tests/a")
    requests: queue.SimpleQueue[testing_pb2.ClientStreamRequest | None] = queue.SimpleQueue()
    requests.put(first)
    with apart.channel(certificate=certificate) as channel:
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        served_by = "testing" if "testing" in apart.settings.processes else "front"
        call = stub.ClientStream.future(iter(requests.get, None), timeout=TIMEOUT_SECONDS, metadata=[FOR_THE_CALLER])
        wait_until(lambda: in_flight(apart.settings.run / served_by) > 0, "the call is served")
        revoke_certificate(apart, **{by: subject})
        requests.put(first)
        requests.put(None)
        assert refusal(call.result) == CERTIFICATE_REVOKED
        assert refusal(lambda: stub.Unary(REQUEST, timeout=TIMEOUT_SECONDS)) == CERTIFICATE_REVOKED


def test_an_assertion_that_a_client_sends_is_nothing_at_its_door(apart: RunningPlatform) -> None:
    """Though it be signed by the platform's own key: without a token the caller is nobody, whatever it is bound to."""
    key = Keyring.open(apart.data, "portico.local", ["localhost"]).assertions
    certificate = x509.load_pem_x509_certificate(apart.certificate.certificate)
    shown = by_certificate(hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest())
    listing = buckets_pb2.ListBucketsRequest(parent=ACCOUNT)
    with apart.channel(token=None) as channel:
        unary = testing_pb2_grpc.TestingServiceStub(channel).Unary
        buckets = buckets_pb2_grpc.BucketServiceStub(channel).ListBuckets
        for name in (DOOR_ASSERTION, NODE_ASSERTION):
            for binding in (at_door("front"), at_door("testing"), at_door("objects"), shown):
                sent = [(name, key.sign(Principal(ADMIN, "default"), "portico.testing.v1.TestingService", binding))]
                for call, request in ((unary, REQUEST), (buckets, listing)):
                    refused = failure_of(partial(call, request, timeout=TIMEOUT_SECONDS, metadata=sent))
                    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")


def test_an_assertion_of_another_process_is_nothing_at_a_processs_own_door(apart: RunningPlatform) -> None:
    key = Keyring.open(apart.data, "portico.local", ["localhost"]).assertions
    [process] = apart.settings.processes
    admin = Principal(ADMIN, "default")
    with grpc.insecure_channel(f"unix:{os.path.relpath(apart.settings.run / process / 'door.sock')}") as channel:
        call: Any
        request: Any
        if process == "testing":
            call, request = testing_pb2_grpc.TestingServiceStub(channel).Unary, REQUEST
        else:
            listing = buckets_pb2.ListBucketsRequest(parent=ACCOUNT)
            call, request = buckets_pb2_grpc.BucketServiceStub(channel).ListBuckets, listing
        replayed = [(DOOR_ASSERTION, key.sign(admin, "a.Service", at_door("front")))]
        refused = failure_of(partial(call, request, timeout=TIMEOUT_SECONDS, metadata=replayed))
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "ASSERTION_INVALID")
        good = [(DOOR_ASSERTION, key.sign(admin, "a.Service", at_door(process)))]
        call(request, timeout=TIMEOUT_SECONDS, metadata=good)


def test_operations_of_a_product_elsewhere_are_answered_as_if_it_were_here(apart: RunningPlatform) -> None:
    with apart.channel() as channel:
        objects = Objects(channel)
        bucket = objects.make_bucket()
        objects.put(f"{bucket}/objects/a", b"x")
        request = buckets_pb2.DeleteBucketRequest(name=bucket, force=True)
        name = objects.buckets.DeleteBucket(request, timeout=TIMEOUT_SECONDS).operation.name
        stub = operations_pb2_grpc.OperationsStub(channel)
        done = stub.WaitOperation(operations_pb2.WaitOperationRequest(name=name), timeout=90)
        assert done.done
        every = stub.ListOperations(operations_pb2.ListOperationsRequest(name="operations"), timeout=TIMEOUT_SECONDS)
        assert name in {operation.name for operation in every.operations}
        of_one = operations_pb2.ListOperationsRequest(name="operations/objects", page_size=1)
        assert len(stub.ListOperations(of_one, timeout=TIMEOUT_SECONDS).operations) == 1
        stub.CancelOperation(operations_pb2.CancelOperationRequest(name=name), timeout=TIMEOUT_SECONDS)
        stub.DeleteOperation(operations_pb2.DeleteOperationRequest(name=name), timeout=TIMEOUT_SECONDS)
        gone = failure_of(lambda: stub.GetOperation(operations_pb2.GetOperationRequest(name=name), timeout=30))
    assert (gone.code, gone.reason) == (grpc.StatusCode.NOT_FOUND, "OPERATION_NOT_FOUND")
    assert gone.info.metadata["resource"] == name
