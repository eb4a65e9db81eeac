"""Certificates and tokens that a test makes to have them revoked, and the calls that are to be refused then."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from portico.gateway.v1 import revocations_pb2, revocations_pb2_grpc
from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc
from portico_server.platform.keyring import Keyring
from tests.e2e.calls import ACCOUNT, ADMIN, failure_of
from tests.harness import RunningPlatform
from tests.harness.credentials import ClientCertificate

SECONDS = 60
TOKEN_REVOKED = (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED")
CERTIFICATE_REVOKED = (grpc.StatusCode.UNAUTHENTICATED, "CERTIFICATE_REVOKED")


def keyring_of(platform: RunningPlatform) -> Keyring:
    return Keyring.open(platform.data, platform.settings.trust_domain, platform.settings.hostnames)


def new_token(keyring: Keyring, subject: str = ADMIN) -> str:
    return keyring.sign_token(subject, client_id="test", lifetime_seconds=600)


def id_of(token: str) -> str:
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return str(claims["jti"])


def new_certificate(keyring: Keyring) -> tuple[ClientCertificate, x509.Certificate]:
    """Another certificate of the administrator's."""
    uri = f"spiffe://{keyring.trust_domain}/default/admin"
    made = ClientCertificate.of(keyring.new_client_certificate(uri, lifetime_seconds=3600))
    return made, x509.load_pem_x509_certificate(made.certificate)


def sha256_of(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def lists_buckets(channel: grpc.Channel) -> Callable[[], Any]:
    stub = buckets_pb2_grpc.BucketServiceStub(channel)
    return lambda: stub.ListBuckets(buckets_pb2.ListBucketsRequest(parent=ACCOUNT), timeout=SECONDS)


def refusal(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    failure = failure_of(call)
    return failure.code, failure.reason


def revoke_certificate(platform: RunningPlatform, **certificate: Any) -> revocations_pb2.Revocation:
    """As the administrator; `certificate_serial` or one of its fellows."""
    with platform.channel() as channel:
        request = revocations_pb2.RevokeCertificateRequest(parent=ACCOUNT, **certificate)
        stub = revocations_pb2_grpc.RevocationServiceStub(channel)
        return stub.RevokeCertificate(request, timeout=SECONDS).revocation
