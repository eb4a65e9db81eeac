"""The CredentialService."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from portico.gateway.v1 import credentials_pb2
from portico_server.gateway.certificates import principal_of
from portico_server.gateway.credentials import CredentialService
from portico_server.platform.authorization import Filter, Principal
from portico_server.platform.call import Peer, current
from portico_server.platform.errors import ApiError
from portico_server.platform.keyring import Keyring
from tests.unit.gateway.fakes import new_call

ADMIN_URI = "spiffe://portico.local/default/admin"
ADMIN, OTHER = "accounts/default/principals/admin", "accounts/default/principals/other"
FINGERPRINT = "ab" * 32


class Policy:
    """Knows admin and edge; allows what it was told to."""

    def __init__(self, *allowed: tuple[str, str, str]) -> None:
        self.allowed = allowed

    def knows(self, principal: str) -> bool:
        return principal in (ADMIN, "accounts/default/principals/edge")

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        return (principal.name, permission, resource) in self.allowed

    def filter(self, principal: Principal, permission: str, parent: str) -> Filter:
        raise AssertionError


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.open(tmp_path, "portico.local", ())


def service(keyring: Keyring, *allowed: tuple[str, str, str]) -> CredentialService:
    return CredentialService(keyring, Policy(*allowed), lambda uri: principal_of("portico.local", uri))


def called_by(uri: str) -> None:
    call = new_call("Empty")
    call.peer = Peer(fingerprint=FINGERPRINT, uri=uri)
    current.set(call)


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


def certificate_request(key: Any) -> bytes:
    names = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody else")])
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    request = x509.CertificateSigningRequestBuilder().subject_name(names).sign(key, algorithm)
    return request.public_bytes(serialization.Encoding.DER)


class TestTokens:
    """CreateToken."""

    async def test_a_certificate_gets_a_token_for_its_own_subject(self, keyring: Keyring) -> None:
        called_by(ADMIN_URI)

        response = await service(keyring).CreateToken(credentials_pb2.CreateTokenRequest(), None)

        got = claims(response.token)
        assert (got["sub"], got["client_id"], got["exp"] - got["iat"]) == (ADMIN, ADMIN_URI, 3600)
        assert response.expire_time.seconds == got["exp"]
        assert "cnf" not in got

    async def test_life_and_binding_are_as_asked_for(self, keyring: Keyring) -> None:
        called_by(ADMIN_URI)
        request = credentials_pb2.CreateTokenRequest(ttl={"seconds": 60}, bind_certificate=True)

        got = claims((await service(keyring).CreateToken(request, None)).token)

        assert got["exp"] - got["iat"] == 60
        assert base64.urlsafe_b64decode(got["cnf"]["x5t#S256"] + "=") == bytes.fromhex(FINGERPRINT)

    @pytest.mark.parametrize(
        "uri",
        [
            "",
            "spiffe://portico.local/default/stranger",
            "spiffe://elsewhere.local/default/admin",
            "https://example.com",
        ],
    )
    async def test_a_certificate_of_nobody_known_gets_none(self, keyring: Keyring, uri: str) -> None:
        called_by(uri)

        with pytest.raises(ApiError) as refused:
            await service(keyring).CreateToken(credentials_pb2.CreateTokenRequest(), None)

        assert (refused.value.code.name, refused.value.reason) == ("UNAUTHENTICATED", "CERTIFICATE_UNKNOWN")

    async def test_a_token_for_another_needs_the_permission_on_it(self, keyring: Keyring) -> None:
        called_by(ADMIN_URI)
        request = credentials_pb2.CreateTokenRequest(subject=OTHER)

        allowed = service(keyring, (ADMIN, "gateway.token.create", OTHER))
        assert claims((await allowed.CreateToken(request, None)).token)["sub"] == OTHER

        with pytest.raises(ApiError) as refused:
            await service(keyring, (ADMIN, "gateway.token.create", ADMIN)).CreateToken(request, None)
        assert refused.value.metadata == {"permission": "gateway.token.create", "resource": OTHER}

    async def test_a_token_in_the_call_gives_no_rights_here(self, keyring: Keyring) -> None:
        called_by("spiffe://portico.local/default/edge")
        current.get().principal = Principal(ADMIN, "default", "t")

        request = credentials_pb2.CreateTokenRequest(subject=OTHER)
        with pytest.raises(ApiError):
            await service(keyring, (ADMIN, "gateway.token.create", OTHER)).CreateToken(request, None)


class TestCertificates:
    """CreateCertificate."""

    @pytest.mark.parametrize(
        "key",
        [
            ec.generate_private_key(ec.SECP256R1()),
            ec.generate_private_key(ec.SECP384R1()),
            ed25519.Ed25519PrivateKey.generate(),
            rsa.generate_private_key(65537, 2048),
        ],
        ids=["P-256", "P-384", "Ed25519", "RSA-2048"],
    )
    async def test_a_certificate_is_renewed_with_the_callers_name_whatever_the_request_says(
        self, keyring: Keyring, key: Any
    ) -> None:
        called_by(ADMIN_URI)
        request = credentials_pb2.CreateCertificateRequest(
            certificate_request=certificate_request(key), ttl={"seconds": 7200}
        )

        response = await service(keyring).CreateCertificate(request, None)

        certificate = x509.load_pem_x509_certificate(response.certificate_pem.encode())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.UniformResourceIdentifier) == [ADMIN_URI]
        assert certificate.public_key() == key.public_key()
        assert "somebody else" not in certificate.subject.rfc4514_string()
        assert (
            response.expire_time.ToDatetime(certificate.not_valid_after_utc.tzinfo) == certificate.not_valid_after_utc
        )
        authority = x509.load_pem_x509_certificate(response.authority_pem.encode())
        certificate.verify_directly_issued_by(authority)

    @pytest.mark.parametrize(
        ("request_bytes", "reason"),
        [
            (b"garbage", "INVALID_REQUEST"),
            (certificate_request(ec.generate_private_key(ec.SECP521R1())), "KEY_UNSUPPORTED"),
            (certificate_request(ec.generate_private_key(ec.SECP256K1())), "KEY_UNSUPPORTED"),
            (certificate_request(rsa.generate_private_key(65537, 1024)), "KEY_UNSUPPORTED"),
            (certificate_request(dsa.generate_private_key(1024)), "KEY_UNSUPPORTED"),
        ],
        ids=["garbage", "P-521", "secp256k1", "RSA-1024", "DSA"],
    )
    async def test_other_keys_and_garbage_are_refused(
        self, keyring: Keyring, request_bytes: bytes, reason: str
    ) -> None:
        called_by(ADMIN_URI)
        request = credentials_pb2.CreateCertificateRequest(certificate_request=request_bytes)

        with pytest.raises(ApiError) as refused:
            await service(keyring).CreateCertificate(request, None)

        assert (refused.value.code.name, refused.value.reason) == ("INVALID_ARGUMENT", reason)
        assert refused.value.violations[0].field == "certificate_request"

    async def test_a_request_that_does_not_prove_to_hold_its_key_is_refused(self, keyring: Keyring) -> None:
        called_by(ADMIN_URI)
        forged = bytearray(certificate_request(ec.generate_private_key(ec.SECP256R1())))
        forged[-1] ^= 1

        request = credentials_pb2.CreateCertificateRequest(certificate_request=bytes(forged))
        with pytest.raises(ApiError) as refused:
            await service(keyring).CreateCertificate(request, None)

        assert refused.value.reason == "INVALID_SIGNATURE"

    async def test_none_is_made_that_would_pass_for_a_nodes(self, keyring: Keyring) -> None:
        called_by(ADMIN_URI)
        node = "accounts/portico/principals/node"
        request = credentials_pb2.CreateCertificateRequest(
            certificate_request=certificate_request(ec.generate_private_key(ec.SECP256R1())), subject=node
        )
        with pytest.raises(ApiError) as refused:
            await service(keyring, (ADMIN, "gateway.certificate.create", node)).CreateCertificate(request, None)
        assert refused.value.reason == "INVALID_NAME"

    async def test_one_for_another_needs_the_permission_on_it(self, keyring: Keyring) -> None:
        called_by(ADMIN_URI)
        request = credentials_pb2.CreateCertificateRequest(
            certificate_request=certificate_request(ec.generate_private_key(ec.SECP256R1())), subject=OTHER
        )

        with pytest.raises(ApiError) as refused:
            await service(keyring).CreateCertificate(request, None)

        assert refused.value.metadata == {"permission": "gateway.certificate.create", "resource": OTHER}
