"""issuers.toml, whom foreign subjects name, and which foreign keys are believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from portico_server.platform.issuers import Issuer, IssuersError, parse_issuers, read_issuers
from portico_server.platform.keyring.foreign_keys import MAX_KEYS, MAX_SET_BYTES, believed_keys

OWN = "https://portico.local"
GOOD = {
    "issuer": "https://a.example",
    "jwks_file": "a.json",
    "audiences": ["portico"],
    "algorithms": ["ES256"],
    "principals": "accounts/default/principals/a-{sub}",
}


def toml(*entries: dict[str, Any]) -> str:
    return "\n".join(
        "\n".join(["[[issuers]]", *(f"{name} = {json.dumps(value)}" for name, value in entry.items())])
        for entry in entries
    )


def one(**changes: Any) -> Issuer:
    entry = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    subjects = entry.pop("subjects", None)
    text = toml(entry)
    if isinstance(subjects, dict):
        text += "\n[issuers.subjects]\n" + "\n".join(f'"{sub}" = {json.dumps(name)}' for sub, name in subjects.items())
    return next(iter(parse_issuers(text, OWN).values()))


def test_a_subject_becomes_a_principal_with_the_issuers_prefix() -> None:
    assert one().principal_of("ci-7") == "accounts/default/principals/a-ci-7"


@pytest.mark.parametrize("subject", ["", "A", "a b", "a/b", "../admin", "x/principals/admin", "ä", "a\n", "a" * 70])
def test_a_subject_outside_the_grammar_is_nobody(subject: str) -> None:
    assert one().principal_of(subject) is None


def test_a_map_names_its_own_and_nobody_else() -> None:
    issuer = one(principals=None, subjects={"Alice@example": "accounts/default/principals/admin"})

    assert issuer.principal_of("Alice@example") == "accounts/default/principals/admin"
    assert issuer.principal_of("alice@example") is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"issuer": OWN}, "issuer"),
        ({"issuer": None}, "issuer"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"audiences": None}, "audiences"),
        ({"jwks_file": None}, "jwks_url"),
        ({"jwks_url": "https://a.example/jwks"}, "jwks_file"),
        ({"jwks_file": None, "jwks_url": "http://a.example/jwks"}, "https"),
        ({"jwks_file": None, "jwks_url": "http://127.0.0.1/jwks"}, "https"),
        ({"jwks_file": None, "jwks_url": "https://u:p@a.example/"}, "https"),
        ({"jwks_file": None, "jwks_url": "https://a.example/\r\nx: y"}, "https"),
        ({"ca_file": "ca.pem"}, "ca_file"),
        ({"refresh_seconds": 1}, "refresh_seconds"),
        ({"rfc9068": "no"}, "rfc9068"),
        ({"principals": "accounts/default/principals/{sub}"}, "principals"),
        ({"principals": "accounts/{sub}/principals/x"}, "principals"),
        ({"principals": "accounts/portico/principals/x-{sub}"}, "reserved"),
        ({"principals": None}, "principals"),
        ({"subjects": {"x": "accounts/default/principals/x"}}, "principals"),
        ({"principals": None, "subjects": {"x": "accounts/portico/principals/node"}}, "reserved"),
        ({"secret": "x"}, "secret"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(IssuersError, match=named):
        one(**changes)


def test_no_two_issuers_are_one_nor_can_name_the_same_principal() -> None:
    with pytest.raises(IssuersError, match="twice"):
        parse_issuers(toml(GOOD, GOOD | {"principals": "accounts/default/principals/b-{sub}"}), OWN)
    with pytest.raises(IssuersError, match="prefixes"):
        parse_issuers(
            toml(GOOD, GOOD | {"issuer": "https://b", "principals": "accounts/default/principals/a-b-{sub}"}), OWN
        )


def test_without_a_file_there_are_none_and_a_broken_one_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "issuers.toml"
    assert read_issuers(path, OWN) == ""
    path.write_text("[[issuers]\n")
    with pytest.raises(IssuersError, match=r"issuers\.toml"):
        read_issuers(path, OWN)


EC, RSA, OKP = ECKey.generate_key("P-256"), RSAKey.generate_key(2048), OKPKey.generate_key("Ed25519")


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def test_keys_are_bound_to_their_one_algorithm_and_nothing_but_the_public_key_is_kept() -> None:
    private = EC.as_dict(private=True) | {"kid": "e", "x5c": ["x"]}
    found = believed_keys(jwks(private, RSA.as_dict(), OKP.as_dict()), ["ES256", "RS256", "EdDSA"])["keys"]

    assert [key["alg"] for key in found] == ["ES256", "RS256", "EdDSA"]
    assert set(found[0]) == {"kty", "crv", "x", "y", "use", "alg", "kid"}


@pytest.mark.parametrize(
    "key",
    [
        RSA.as_dict(private=False),
        EC.as_dict(private=False) | {"alg": "RS256"},
        EC.as_dict(private=False) | {"use": "enc"},
        EC.as_dict(private=False) | {"key_ops": ["sign"]},
        EC.as_dict(private=False) | {"x": "AQAB"},
        EC.as_dict(private=False) | {"crv": "P-384"},
        EC.as_dict(private=False) | {"kid": 7},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        "key",
    ],
)
def test_keys_for_anything_else_are_dropped(key: Any) -> None:
    good = EC.as_dict(private=False)

    assert len(believed_keys(jwks(key, good), ["ES256"])["keys"]) == 1
    with pytest.raises(ValueError, match="no public signing key"):
        believed_keys(jwks(key), ["ES256"])


@pytest.mark.filterwarnings("ignore:Key size")
def test_short_rsa_keys_are_dropped() -> None:
    with pytest.raises(ValueError, match="no public signing key"):
        believed_keys(jwks(RSAKey.generate_key(1024).as_dict(private=False)), ["RS256"])


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"keys": 1}', b" " * (MAX_SET_BYTES + 1), jwks(*[EC.as_dict()] * (MAX_KEYS + 1))]
)
def test_what_is_no_bounded_set_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="JWK set"):
        believed_keys(content, ["ES256"])
