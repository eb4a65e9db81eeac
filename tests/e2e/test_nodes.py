"""Two nodes on one PostgreSQL, with one authority: each serves its own product and takes calls on to the other."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc, objects_pb2
from portico_server.platform.keyring import Keyring
from portico_server.platform.settings import from_json
from tests.e2e.calls import ACCOUNT, ADMIN, Objects, failure_of
from tests.e2e.revoking import (
    CERTIFICATE_REVOKED,
    keyring_of,
    lists_buckets,
    new_certificate,
    refusal,
    revoke_certificate,
)
from tests.e2e.test_trace import found, traceparent
from tests.harness import RunningPlatform, clients, running_platform
from tests.harness.credentials import ClientCertificate
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.postgresql import fresh_database, shared_server

pytestmark = SPREADS_ITSELF


class TwoNodes(NamedTuple):
    """`far` serves objects, `near` takes calls for them on to it."""

    near: RunningPlatform
    far: RunningPlatform


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    folder = tmp_path_factory.mktemp("nodes")
    near_mesh = f"127.0.0.1:{free_port()}"
    with shared_server() as server:
        shared = {"database": fresh_database(server), **TESTING_PRODUCT}
        far_settings = {"only": ("objects",), "mesh_listen": "127.0.0.1:0", "peers": (f"testing={near_mesh}",)}
        with running_platform(folder / "far", **shared, **far_settings) as far:
            near_data = folder / "near" / "data"
            near_data.mkdir(parents=True, mode=0o700)
            shutil.copytree(far.data / "keys", near_data / "keys")
            near_settings = {"only": ("testing",), "mesh_listen": near_mesh, "peers": (f"objects={mesh_of(far)}",)}
            with running_platform(folder / "near", **shared, **near_settings) as near:
                yield TwoNodes(near, far)


def mesh_of(platform: RunningPlatform) -> str:
    return from_json((platform.settings.run / "settings.json").read_text()).mesh_listen


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_call_goes_on_to_the_node_that_serves_the_product(nodes: TwoNodes) -> None:
    trace_id, _, header = traceparent()
    with nodes.near.channel() as near, nodes.far.channel() as far:
        objects = Objects(near)
        bucket = objects.make_bucket()
        objects.put(f"{bucket}/objects/a", b"hello")
        assert Objects(far).get(f"{bucket}/objects/a") == b"hello"
        objects.stub.HeadObject.with_call(head(bucket), timeout=30, metadata=[header])
        [event] = found(far, trace_id, 1).request_events
    assert event.principal == ADMIN, "the token was verified there again"


def test_the_other_way_too(nodes: TwoNodes) -> None:
    answer = nodes.far.http("POST", f"/v1/{ACCOUNT}/tests/a:unary", json_body={"text": "x"})
    same = nodes.near.http("POST", f"/v1/{ACCOUNT}/tests/a:unary", json_body={"text": "x"})
    assert answer.status == same.status
    assert answer.status != 503


def test_rest_is_the_same_by_either_node(nodes: TwoNodes) -> None:
    with nodes.far.channel() as channel:
        bucket = Objects(channel).make_bucket()
    content = os.urandom(3_000_000)
    assert nodes.near.http("PUT", f"/v1/{bucket}/objects/a", body=content).status == 200
    by_near, by_far = (node.http("GET", f"/v1/{bucket}/objects/a") for node in nodes)
    assert (by_near.status, by_near.body) == (by_far.status, by_far.body) == (200, content)
    assert by_near.headers["content-length"] == by_far.headers["content-length"] == str(len(content))
    assert by_near.headers["etag"] == by_far.headers["etag"]
    crooked = nodes.near.http("GET", f"/v1/{bucket}/objects/a?name={bucket}/objects/b")
    assert (crooked.status, crooked.json()["details"][0]["reason"]) == (400, "PATH_MISMATCH")


def test_the_callers_certificate_goes_along_and_none_that_was_invented(nodes: TwoNodes) -> None:
    keyring = Keyring.open(nodes.near.data, "portico.local", ["localhost"])
    own = x509.load_pem_x509_certificate(nodes.near.certificate.certificate).fingerprint(hashes.SHA256())
    bound = keyring.sign_token(ADMIN, client_id="test", lifetime_seconds=600, certificate_sha256=own)
    strange = keyring.sign_token(ADMIN, client_id="test", lifetime_seconds=600, certificate_sha256=bytes(32))
    request = buckets_pb2.ListBucketsRequest(parent=ACCOUNT)
    with nodes.near.channel(token=bound) as channel:
        buckets_pb2_grpc.BucketServiceStub(channel).ListBuckets(request, timeout=30)
    with nodes.near.channel(token=strange) as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        invented = [("x-forwarded-client-cert", f"Hash={'0' * 64}")]
        refused = failure_of(lambda: stub.ListBuckets(request, timeout=30, metadata=invented))
        assert refused.reason == "CERTIFICATE_MISMATCH"


def test_a_certificate_revoked_by_its_number_is_refused_by_the_node_behind_on_an_open_connection(
    nodes: TwoNodes,
) -> None:
    """No Python of the first node sees such a call: what it is refused by has to go along."""
    certificate, parsed = new_certificate(keyring_of(nodes.near))
    with nodes.near.channel(certificate=certificate) as channel:
        call = lists_buckets(channel)
        call()
        invented = [("x-portico-certificate-serial", "1")]
        revoke_certificate(nodes.far, certificate_serial=f"{parsed.serial_number:x}")
        assert refusal(call) == CERTIFICATE_REVOKED
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        request = buckets_pb2.ListBucketsRequest(parent=ACCOUNT)
        assert refusal(lambda: stub.ListBuckets(request, timeout=30, metadata=invented)) == CERTIFICATE_REVOKED


def test_only_nodes_come_in_at_the_door_of_nodes(nodes: TwoNodes, tmp_path: Path) -> None:
    stranger = Keyring.open(tmp_path, "portico.local", ["localhost"])
    keyring = Keyring.open(nodes.far.data, "portico.local", ["localhost"])
    node = ClientCertificate.of(keyring.new_node_certificate(lifetime_seconds=600))
    other = ClientCertificate.of(stranger.new_node_certificate(lifetime_seconds=600))
    request = buckets_pb2.ListBucketsRequest(parent=ACCOUNT)
    for certificate, let_in in ((node, True), (other, False), (nodes.far.certificate, False), (None, False)):
        with grpc_channel(nodes.far, mesh_of(nodes.far), certificate) as channel:
            stub = buckets_pb2_grpc.BucketServiceStub(channel)
            if let_in:
                stub.ListBuckets(request, timeout=30)
                continue
            with pytest.raises(grpc.RpcError) as refusal:
                stub.ListBuckets(request, timeout=30)
            assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
    with grpc_channel(nodes.far, nodes.far.address, node) as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        refused = failure_of(lambda: stub.ListBuckets(request, timeout=30))
        assert refused.code is grpc.StatusCode.UNAVAILABLE, "nor do nodes at the clients' door"


def grpc_channel(platform: RunningPlatform, address: str, certificate: ClientCertificate | None) -> grpc.Channel:
    return clients.channel(address, authority=platform.authority, certificate=certificate, token=platform.token)


def head(bucket: str) -> Any:
    return objects_pb2.HeadObjectRequest(name=f"{bucket}/objects/a")
