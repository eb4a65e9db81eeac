"""The keyring: made once, kept, private; what it issues says what it should."""

from __future__ import annotations

import datetime
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from portico_server.platform.keyring import Keyring, certificate_uri, principal_of_uri

URI = "spiffe://portico.local/default/admin"


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.open(tmp_path, "portico.local", ["localhost", "192.0.2.1"])


def extended_usage(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_it_is_the_same_when_it_is_opened_again(keyring: Keyring, tmp_path: Path) -> None:
    again = Keyring.open(tmp_path, "portico.local", ["localhost"])
    assert again.authority_pem == keyring.authority_pem
    assert again.page_token_key == keyring.page_token_key
    assert again.jwks() == keyring.jwks()


def test_two_that_open_it_first_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: Keyring.open(tmp_path, "portico.local", ["localhost"]), range(8)))
    assert len({keyring.authority_pem for keyring in opened}) == 1
    assert len({keyring.page_token_key for keyring in opened}) == 1


def test_its_files_are_private(keyring: Keyring, tmp_path: Path) -> None:
    for path in (tmp_path / "keys").rglob("*"):
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path
    assert not list((tmp_path / "keys").rglob(".*")), "no scratch file is left"


@pytest.mark.parametrize("content", [b"damaged", b"", b"\0" * 5])
@pytest.mark.parametrize("name", ["authority.key", "authority.pem", "tokens/first.pem", "page-token.key"])
def test_a_file_that_is_no_key_is_named_and_not_replaced_by_a_new_one(
    keyring: Keyring, tmp_path: Path, name: str, content: bytes
) -> None:
    file = tmp_path / "keys" / name
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{re.escape(str(file))} is not the key") as error:
        Keyring.open(tmp_path, "portico.local", ["localhost"])
    assert len(str(error.value)) < len(str(file)) + 200
    assert file.read_bytes() == content


def test_the_certificate_of_another_authority_is_refused(keyring: Keyring, tmp_path: Path) -> None:
    other = Keyring.open(tmp_path / "other", "portico.local", ["localhost"])
    (tmp_path / "keys" / "authority.pem").write_bytes(other.authority_pem)
    with pytest.raises(ValueError, match=r"authority\.pem is not the certificate of .*authority\.key"):
        Keyring.open(tmp_path, "portico.local", ["localhost"])


def test_a_long_trust_domain_can_have_an_authority(tmp_path: Path) -> None:
    trust_domain = ".".join(["long"] * 40)
    keyring = Keyring.open(tmp_path, trust_domain, ["localhost"])
    assert keyring.new_node_certificate(lifetime_seconds=60).certificate_pem


def test_a_client_certificate_names_its_principal_and_is_no_servers(keyring: Keyring) -> None:
    pair = keyring.new_client_certificate(URI, lifetime_seconds=3600)
    certificate = x509.load_pem_x509_certificate(pair.certificate_pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [URI]
    assert extended_usage(certificate) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(keyring.authority_pem))


def test_a_certificate_lives_as_long_as_it_is_told(keyring: Keyring) -> None:
    pair = keyring.new_client_certificate(URI, lifetime_seconds=3600)
    left = x509.load_pem_x509_certificate(pair.certificate_pem).not_valid_after_utc - datetime.datetime.now(
        datetime.UTC
    )
    assert datetime.timedelta(seconds=3590) < left <= datetime.timedelta(seconds=3600)


def test_no_certificate_outlives_the_authority(keyring: Keyring) -> None:
    pair = keyring.new_client_certificate(URI, lifetime_seconds=100 * 365 * 24 * 3600)
    authority = x509.load_pem_x509_certificate(keyring.authority_pem)
    assert x509.load_pem_x509_certificate(pair.certificate_pem).not_valid_after_utc == authority.not_valid_after_utc


def test_the_authority_may_sign_no_further_authorities(keyring: Keyring) -> None:
    authority = x509.load_pem_x509_certificate(keyring.authority_pem)
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)


def test_other_kinds_of_keys_are_signed_too(keyring: Keyring) -> None:
    public_key = ed25519.Ed25519PrivateKey.generate().public_key()
    pem = keyring.issue_certificate(public_key, URI, lifetime_seconds=3600)
    assert x509.load_pem_x509_certificate(pem).public_key() == public_key


def test_the_nodes_certificate_is_for_its_names_and_this_machine(keyring: Keyring) -> None:
    pair = keyring.new_node_certificate(lifetime_seconds=3600)
    certificate = x509.load_pem_x509_certificate(pair.certificate_pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "localhost",
        "*.localhost",
        "s3.localhost",
        "*.s3.localhost",
    ]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1", "127.0.0.1", "::1"]
    assert extended_usage(certificate) == [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


def test_principals_and_certificate_names_are_each_others_inverse() -> None:
    principal = "accounts/default/principals/admin"
    assert certificate_uri("portico.local", principal) == URI
    assert principal_of_uri("portico.local", URI) == principal


@pytest.mark.parametrize(
    "uri",
    [
        "spiffe://other/default/admin",
        "spiffe://portico.local/default",
        "spiffe://portico.local/a/b/c",
        "spiffe://portico.local/portico/node",
        "",
        "x",
    ],
)
def test_another_name_is_nobodys(uri: str) -> None:
    assert principal_of_uri("portico.local", uri) is None


@pytest.mark.parametrize(
    "name", ["admin", "accounts/default/principals/", "accounts//principals/a", "accounts/portico/principals/node"]
)
def test_only_principals_get_certificate_names(name: str) -> None:
    with pytest.raises(ValueError, match="accounts/ACCOUNT/principals/ID"):
        certificate_uri("portico.local", name)
