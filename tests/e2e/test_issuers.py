"""Tokens of further issuers through the real door: one's keys from a file, the other's by https, without a restart."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from portico_cli.main import run as portico
from portico_server.host import local_http
from portico_server.host.control import METRICS
from portico_server.host.run_folder import CONTROL_SOCKET
from portico_server.platform.private_files import replace_file
from tests.harness import RunningPlatform, running_platform
from tests.harness.key_server import KeyServer
from tests.harness.waiting import wait_until

ACCOUNT = "accounts/default"
FILE, URL = "https://file.example", "https://url.example"
KID = "same-for-all"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform whose issuers tests may change."""
    with running_platform(tmp_path_factory.mktemp("issuers")) as platform:
        yield platform


def jwks(*keys: Any) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) | {"kid": KID} for key in keys]}).encode()


def token(key: Any, algorithm: str, issuer: str, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": issuer, "sub": "x", "aud": "us", "client_id": "c", "jti": "1", "iat": now, "exp": now + 600}
    header = {"alg": algorithm, "typ": "at+jwt", "kid": KID}
    return jwt.encode(header, {**claims, **changes}, key, algorithms=[algorithm])


def two_faced(key: Any, first: str, second: str) -> str:
    """A token that names two issuers, signed by the one of the URL: who reads it may find either."""
    now = int(time.time())
    claims = {"sub": "x", "aud": ["us", "portico"], "client_id": "c", "jti": "1", "iat": now, "exp": now + 600}
    text = f'{{"iss": "{first}", "iss": "{second}", {json.dumps(claims)[1:]}'
    return jws.serialize_compact({"alg": "EdDSA", "typ": "at+jwt", "kid": KID}, text, key, algorithms=["EdDSA"])


def entry(issuer: str, algorithm: str, prefix: str, source: str) -> str:
    return (
        f'[[issuers]]\nissuer = "{issuer}"\naudiences = ["us"]\nalgorithms = ["{algorithm}"]\n{source}\n'
        f'principals = "{ACCOUNT}/principals/{prefix}-{{sub}}"\n'
    )


def answer(platform: RunningPlatform, sent: str) -> str:
    """Whom the platform takes the caller for, by its refusal; or why it takes it for nobody."""
    body = json.loads(platform.http("GET", f"/v1/{ACCOUNT}/buckets/none-such", token=sent).body)
    text = json.dumps(body)
    for name in ("file-x", "url-x", "admin"):
        if f"principals/{name}" in text:
            return name
    return next(detail["reason"] for detail in body["details"] if "reason" in detail)


def log(platform: RunningPlatform) -> str:
    return (platform.data / "logs" / "supervisor.log").read_text()


def test_two_foreign_issuers_each_name_their_own_and_their_keys_rotate(
    platform: RunningPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    data, authority = platform.data, trustme.CA()
    server = KeyServer(authority)
    authority.cert_pem.write_to_path(data / "keys-ca.pem")
    rsa, ed, new = RSAKey.generate_key(2048), OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
    (data / "file.json").write_bytes(jwks(rsa, ECKey.generate_key("P-256")))
    server.content = jwks(ed)
    source = f'jwks_url = "{server.url}"\nca_file = "keys-ca.pem"\nrefresh_seconds = 5'
    text = entry(FILE, "RS256", "file", 'jwks_file = "file.json"') + entry(URL, "EdDSA", "url", source)
    by_file, by_url = token(rsa, "RS256", FILE), token(ed, "EdDSA", URL)

    assert answer(platform, by_file) == "ISSUER_UNKNOWN"
    with server.running():
        replace_file(data / "issuers.toml", text.encode())
        wait_until(lambda: answer(platform, by_file) == "file-x", "the issuer of the file is believed")
        wait_until(lambda: answer(platform, by_url) == "url-x", "the issuer of the URL is believed")

        # An issuer's keys are its own alone, whatever key id or algorithm the token says.
        assert answer(platform, token(rsa, "RS256", URL)) == "SIGNATURE_INVALID"
        assert answer(platform, token(ed, "EdDSA", FILE)) == "SIGNATURE_INVALID"
        own = platform.settings.trust_domain
        admin = f"{ACCOUNT}/principals/admin"
        for key, algorithm in ((rsa, "RS256"), (ed, "EdDSA")):
            forged = token(key, algorithm, f"https://{own}", aud="portico", sub=admin)
            assert answer(platform, forged) == "SIGNATURE_INVALID"
        for issuers in ((URL, f"https://{own}"), (f"https://{own}", URL), (URL, FILE), (FILE, URL)):
            assert answer(platform, two_faced(ed, *issuers)) in ("TOKEN_MALFORMED", "SIGNATURE_INVALID")
        assert answer(platform, token(rsa, "RS256", FILE, sub=admin)) == "SUBJECT_UNKNOWN"
        assert answer(platform, token(rsa, "RS256", FILE, aud="elsewhere")) == "AUDIENCE_MISMATCH"
        assert answer(platform, token(rsa, "RS256", FILE, exp=int(time.time()) - 99)) == "TOKEN_EXPIRED"
        assert platform.http("GET", f"/v1/{ACCOUNT}/buckets").status == 200, "the platform's own tokens stay good"
        for sent in (by_file, by_url, platform.token):
            _await_cached(platform, sent)

        server.content = jwks(new)
        wait_until(lambda: answer(platform, token(new, "EdDSA", URL)) == "url-x", "the new key is believed")
        wait_until(lambda: answer(platform, by_url) == "SIGNATURE_INVALID", "the old key is believed no more")
        rsa_new = RSAKey.generate_key(2048)
        replace_file(data / "file.json", jwks(rsa_new))
        wait_until(lambda: answer(platform, token(rsa_new, "RS256", FILE)) == "file-x", "the file's new key, too")

    # The server is gone, and then the file is broken: what was in force stays, and it is said.
    replace_file(data / "issuers.toml", text.encode() + b"[[issuers]]\n")
    wait_until(lambda: "issuers.toml" in log(platform) and URL in log(platform), "both are in the log")
    assert answer(platform, token(new, "EdDSA", URL)) == "url-x"
    kept = list((data / "issuers").iterdir())
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600]
    portico(["doctor", "--data", str(data)])
    assert "issuers[2].issuer" in "".join(capsys.readouterr().out.split())
    wait_until(lambda: "portico_issuers_problems 2" in _metrics(platform), "the metric counts both")

    (data / "issuers.toml").unlink()
    wait_until(lambda: answer(platform, token(new, "EdDSA", URL)) == "ISSUER_UNKNOWN", "it is believed no more")


def _await_cached(platform: RunningPlatform, sent: str) -> None:
    """Each issuer's tokens are verified once, by each of Envoy's threads."""
    before = _cache_hits(platform)

    def is_hit() -> bool:
        answer(platform, sent)
        return _cache_hits(platform) > before

    wait_until(is_hit, "a token is found among those that were verified")


def _cache_hits(platform: RunningPlatform) -> int:
    stats = local_http.request(
        platform.front_folder, "admin.sock", "GET", "/stats?filter=jwt_cache_hit", timeout_seconds=30
    )
    return sum(int(line.rpartition(":")[2]) for line in stats.splitlines() if line)


def _metrics(platform: RunningPlatform) -> str:
    return local_http.request(platform.front_folder, CONTROL_SOCKET, "GET", METRICS, timeout_seconds=30)
