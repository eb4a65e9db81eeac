"""Who is let in: only bearers of a token that this platform signed, that is in time, meant for it, of the right type.

Each test sends a forged or stale token through the real door, to a method that needs one, and reads the reason.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from google.rpc import error_details_pb2, status_pb2

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc
from portico_server.platform.keyring import Keyring, certificate_uri
from tests.harness import RunningPlatform
from tests.harness.credentials import ClientCertificate

ADMIN = "accounts/default/principals/admin"
ISSUER = "https://portico.local"

SigningKey = tuple[str, ec.EllipticCurvePrivateKey]


@pytest.fixture(scope="module")
def keyring(platform: RunningPlatform) -> Keyring:
    return Keyring.open(platform.data, platform.settings.trust_domain, platform.settings.hostnames)


@pytest.fixture(scope="module")
def signing_key(platform: RunningPlatform) -> tuple[str, ec.EllipticCurvePrivateKey]:
    """The platform's own token key and its id, so that a test can sign what the platform never would."""
    path = next((platform.data / "keys" / "tokens").iterdir())
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    jwks = Keyring.open(platform.data, platform.settings.trust_domain, ()).jwks()
    return jwks["keys"][0]["kid"], key


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def es256(key: ec.EllipticCurvePrivateKey, signed: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {
        "iss": ISSUER, "aud": "portico", "sub": ADMIN, "client_id": "test", "jti": "0123456789abcdef",
        "iat": now, "exp": now + 600,
    }  # fmt: skip
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def token(
    signing_key: tuple[str, ec.EllipticCurvePrivateKey], header: dict[str, Any] | None = None, **changes: Any
) -> str:
    """A token signed with the platform's own key; `header` and `changes` replace, None removes."""
    kid, key = signing_key
    full = {"alg": "ES256", "typ": "at+jwt", "kid": kid, **(header or {})}
    full = {name: value for name, value in full.items() if value is not None}
    signed = f"{encode(json.dumps(full).encode())}.{encode(json.dumps(claims(**changes)).encode())}"
    return f"{signed}.{encode(es256(key, signed.encode()))}"


def refusal(platform: RunningPlatform, sent: str | None, **options: Any) -> tuple[grpc.StatusCode, str]:
    """Calls a method that needs a token; the code and reason of the refusal."""
    with platform.channel(token=sent, **options) as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.ListBuckets(buckets_pb2.ListBucketsRequest(parent="accounts/default"), timeout=10)
    return caught.value.code(), reason_of(caught.value)


def reason_of(error: Any) -> str:
    status = status_pb2.Status()
    details = dict(error.trailing_metadata() or {}).get("grpc-status-details-bin", b"")
    status.ParseFromString(details)
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            return info.reason
    return ""


def accepted(platform: RunningPlatform, sent: str, **options: Any) -> bool:
    with platform.channel(token=sent, **options) as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        stub.ListBuckets(buckets_pb2.ListBucketsRequest(parent="accounts/default"), timeout=10)
    return True


UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED


def test_a_token_signed_with_the_platforms_key_is_accepted(platform, signing_key):
    assert accepted(platform, token(signing_key))


def test_no_token_is_refused(platform):
    assert refusal(platform, None) == (UNAUTHENTICATED, "TOKEN_MISSING")


def test_an_expired_token_is_refused(platform, signing_key):
    assert refusal(platform, token(signing_key, exp=int(time.time()) - 3600)) == (UNAUTHENTICATED, "TOKEN_EXPIRED")


def test_a_token_from_the_future_is_refused(platform, signing_key):
    sent = token(signing_key, nbf=int(time.time()) + 3600)
    assert refusal(platform, sent) == (UNAUTHENTICATED, "TOKEN_NOT_YET_VALID")


def test_a_token_for_another_audience_is_refused(platform, signing_key):
    assert refusal(platform, token(signing_key, aud="elsewhere")) == (UNAUTHENTICATED, "AUDIENCE_MISMATCH")


def test_a_token_of_another_issuer_is_refused(platform, signing_key):
    assert refusal(platform, token(signing_key, iss="https://elsewhere")) == (UNAUTHENTICATED, "ISSUER_UNKNOWN")


def test_a_token_signed_by_another_key_is_refused(platform, signing_key):
    stranger = (signing_key[0], ec.generate_private_key(ec.SECP256R1()))
    assert refusal(platform, token(stranger)) == (UNAUTHENTICATED, "SIGNATURE_INVALID")


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE"])
def test_an_unsigned_token_is_refused(platform, algorithm):
    header = encode(json.dumps({"alg": algorithm, "typ": "at+jwt"}).encode())
    code, reason = refusal(platform, f"{header}.{encode(json.dumps(claims()).encode())}.")
    assert code is UNAUTHENTICATED
    assert reason in ("SIGNATURE_INVALID", "TOKEN_MALFORMED")


def test_the_public_key_does_not_serve_as_an_hmac_secret(platform, signing_key):
    kid, key = signing_key
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "typ": "at+jwt", "kid": kid}
    signed = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims()).encode())}"
    signature = hmac.new(public, signed.encode(), hashlib.sha256).digest()
    assert refusal(platform, f"{signed}.{encode(signature)}")[0] is UNAUTHENTICATED


def test_a_key_that_the_token_brings_itself_is_not_believed(platform, signing_key):
    stranger = ec.generate_private_key(ec.SECP256R1())
    numbers = stranger.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": encode(numbers.x.to_bytes(32, "big")),
        "y": encode(numbers.y.to_bytes(32, "big")),
    }
    sent = token((signing_key[0], stranger), header={"jwk": jwk})
    assert refusal(platform, sent)[0] is UNAUTHENTICATED


def test_an_rsa_signature_under_the_platforms_key_id_is_refused(platform, signing_key):
    kid, _ = signing_key
    header = encode(json.dumps({"alg": "RS256", "typ": "at+jwt", "kid": kid}).encode())
    signed = f"{header}.{encode(json.dumps(claims()).encode())}"
    signature = rsa.generate_private_key(65537, 2048).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert refusal(platform, f"{signed}.{encode(signature)}")[0] is UNAUTHENTICATED


def test_the_all_zero_signature_is_refused(platform, signing_key):
    unsigned = token(signing_key).rpartition(".")[0]
    assert refusal(platform, f"{unsigned}.{encode(bytes(64))}")[0] is UNAUTHENTICATED


@pytest.mark.parametrize("kind", ["JWT", "id_token", None])
def test_a_token_of_another_type_is_refused(platform, signing_key, kind):
    assert refusal(platform, token(signing_key, header={"typ": kind})) == (UNAUTHENTICATED, "TOKEN_TYPE_INVALID")


def test_a_critical_header_that_nobody_understands_is_refused(platform, signing_key):
    assert refusal(platform, token(signing_key, header={"crit": ["exp2"], "exp2": 1}))[0] is UNAUTHENTICATED


@pytest.mark.parametrize("claim", ["jti", "exp", "sub", "client_id"])
def test_a_token_without_what_rfc_9068_requires_is_refused(platform, signing_key, claim):
    assert refusal(platform, token(signing_key, **{claim: None}))[0] is UNAUTHENTICATED


@pytest.mark.parametrize("subject", ["admin", "accounts/default", "accounts/default/principals/../admin", "*", ""])
def test_a_subject_that_is_no_principal_is_refused(platform, signing_key, subject):
    assert refusal(platform, token(signing_key, sub=subject))[0] is UNAUTHENTICATED


@pytest.mark.parametrize("sent", ["garbage", "a.b.c", "....", "e30.e30.e30"])
def test_garbage_is_refused(platform, sent):
    assert refusal(platform, sent) == (UNAUTHENTICATED, "TOKEN_MALFORMED")


def test_two_authorization_headers_do_not_mix_one_tokens_type_with_anothers_rights(platform, signing_key):
    wrong_type = token(signing_key, header={"typ": "JWT"})
    unsigned = token((signing_key[0], ec.generate_private_key(ec.SECP256R1())))
    for first, second in ((wrong_type, unsigned), (unsigned, wrong_type)):
        with platform.channel(token=None) as channel:
            stub = buckets_pb2_grpc.BucketServiceStub(channel)
            metadata = [("authorization", f"Bearer {first}"), ("authorization", f"Bearer {second}")]
            with pytest.raises(grpc.RpcError) as caught:
                stub.ListBuckets(
                    buckets_pb2.ListBucketsRequest(parent="accounts/default"), timeout=10, metadata=metadata
                )
        assert caught.value.code() is UNAUTHENTICATED


def test_a_token_in_the_query_is_not_looked_at(platform, signing_key):
    sent = token(signing_key)
    for name in ("access_token", "token"):
        assert platform.http("GET", f"/v1/accounts/default/buckets?{name}={sent}", token=None).status in (400, 401)


def test_a_token_bound_to_another_certificate_is_refused(platform, keyring):
    sent = keyring.sign_token(ADMIN, client_id="test", lifetime_seconds=600, certificate_sha256=bytes(32))
    assert refusal(platform, sent) == (UNAUTHENTICATED, "CERTIFICATE_MISMATCH")


def test_a_token_bound_to_this_certificate_is_accepted_with_it_alone(platform, keyring):
    other = ClientCertificate.of(
        keyring.new_client_certificate(certificate_uri("portico.local", ADMIN), lifetime_seconds=600)
    )
    digest = x509.load_pem_x509_certificate(other.certificate).fingerprint(hashes.SHA256())
    sent = keyring.sign_token(ADMIN, client_id="test", lifetime_seconds=600, certificate_sha256=digest)
    assert accepted(platform, sent, certificate=other)
    assert refusal(platform, sent) == (UNAUTHENTICATED, "CERTIFICATE_MISMATCH")


@pytest.mark.parametrize(
    "header",
    [
        "x-portico-token-payload",
        "x-forwarded-client-cert",
        "x-portico-token-failure",
        "x-portico-principal",
    ],
)
def test_a_spoofed_identity_header_gives_nothing(platform, signing_key, header):
    value = encode(json.dumps(claims()).encode())
    if header == "x-forwarded-client-cert":
        value = f"Hash={'0' * 64};URI=spiffe://portico.local/default/admin"
    with platform.channel(token=None) as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.ListBuckets(
                buckets_pb2.ListBucketsRequest(parent="accounts/default"), timeout=10, metadata=[(header, value)]
            )
    assert (caught.value.code(), reason_of(caught.value)) == (UNAUTHENTICATED, "TOKEN_MISSING")


def test_a_spoofed_failure_does_not_lock_a_good_token_out(platform, signing_key):
    with platform.channel(token=token(signing_key)) as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        stub.ListBuckets(
            buckets_pb2.ListBucketsRequest(parent="accounts/default"),
            timeout=10,
            metadata=[("x-portico-token-failure", "Jwt is expired")],
        )


def test_a_stranger_with_a_good_token_is_denied_and_told_what_is_missing(platform, keyring):
    stranger = keyring.sign_token("accounts/default/principals/nobody", client_id="test", lifetime_seconds=600)
    with platform.channel(token=stranger) as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetBucket(buckets_pb2.GetBucketRequest(name="accounts/default/buckets/demo"), timeout=10)
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "objects.bucket.read" in caught.value.details()
    assert "accounts/default/buckets/demo" in caught.value.details()


def test_one_may_not_act_in_another_account(platform, keyring):
    with platform.channel() as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetBucket(buckets_pb2.GetBucketRequest(name="accounts/other/buckets/demo"), timeout=10)
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(("scheme", "status"), [("bearer", 200), ("BEARER", 200), ("Basic", 401), ("DPoP", 401)])
def test_the_scheme_is_bearer_in_any_case_and_no_other(platform, scheme, status):
    headers = {"authorization": f"{scheme} {platform.token}"}
    answer = platform.http("GET", "/v1/accounts/default/buckets", token=None, headers=headers)
    assert answer.status == status, answer.body
