"""Published vectors of JSON web signatures against what verifies tokens in Python: those, of this platform's and of
further issuers, that are shown to the OAuth 2.0 endpoints. `tests/e2e/test_hostile_tokens.py` puts the vectors to the
door, and so to Envoy."""

from __future__ import annotations

import json

import pytest

from portico_server.gateway import tokens
from portico_server.platform.errors import ApiError
from portico_server.platform.issuers import ALGORITHMS
from portico_server.platform.keyring.foreign_keys import believed_keys
from portico_server.platform.keyring.signatures import one_has_signed
from tests.harness.jose_vectors import NO_FOLDER, Vector, rfc_examples, wycheproof, wycheproof_folder


def verdict(vector: Vector) -> str:
    """ "good", or why the token is not: by its form, because the key is not believed, or by its signature."""
    try:
        header = tokens.header_of(vector.token.encode())
    except ApiError as error:
        return error.reason
    try:
        keys = believed_keys(json.dumps({"keys": [vector.key]}).encode(), ALGORITHMS)["keys"]
    except ValueError:
        return "no believed key"
    return "good" if one_has_signed(keys, header, vector.token) else "not signed"


def test_the_examples_of_the_rfcs_are_judged_as_they_say() -> None:
    told = {vector.source: verdict(vector) for vector in rfc_examples()}
    assert told == {
        "RFC 7515, A.1": "no believed key",  # HS256: no key of an issuer is symmetric
        "RFC 7515, A.2": "good",
        "RFC 7515, A.3": "good",
        "RFC 7515, A.4": "no believed key",  # ES512 is none of the algorithms
        "RFC 7515, A.5": "TOKEN_MALFORMED",  # unsecured
        "RFC 7520, 4.1": "good",
        "RFC 7520, 4.2": "not signed",  # PS384 by an RSA key, which is for RS256 here
        "RFC 7520, 4.3": "no believed key",
        "RFC 7520, 4.4": "no believed key",
        "RFC 8037, A.4": "good",
    }


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_example_of_which_a_letter_is_another_is_not_good(part: int) -> None:
    for vector in rfc_examples():
        parts = vector.token.split(".")
        for place in range(0, len(parts[part]), 7):
            old = parts[part][place]
            changed = [*parts]
            changed[part] = parts[part][:place] + ("A" if old != "A" else "B") + parts[part][place + 1 :]
            assert verdict(vector._replace(token=".".join(changed))) != "good", (vector.source, part, place)


def test_an_example_is_good_by_no_other_examples_key() -> None:
    for one in rfc_examples():
        for other in rfc_examples():
            if one.key != other.key:
                assert verdict(one._replace(key=other.key)) != "good", (one.source, other.source)


@pytest.mark.skipif(wycheproof_folder() is None, reason=NO_FOLDER)
def test_wycheproofs_vectors_are_judged_as_they_say() -> None:
    """A valid one may be refused only where its algorithm, or the strength of its key, is none that is taken here."""
    wrong, good = [], 0
    for vector in wycheproof(wycheproof_folder()):  # type: ignore[arg-type]
        told = verdict(vector)
        good += told == "good"
        if (told == "good" and not vector.is_good) or (told != "good" and vector.is_good and is_taken(vector)):
            wrong.append(f"{vector.source}: {told}")
    assert not wrong, "\n".join(wrong)
    assert good, "none was good: the others prove nothing"


def is_taken(vector: Vector) -> bool:
    algorithm = tokens.header_of(vector.token.encode()).get("alg")
    if algorithm not in ALGORITHMS or vector.key.get("alg", algorithm) != algorithm or vector.key.get("kty") == "oct":
        return False
    return algorithm != "RS256" or len(vector.key["n"]) >= 2048 // 6
