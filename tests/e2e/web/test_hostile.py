"""Attacks on the web door, each with its outcome, while neighbours at both doors go on. What is tried at the API door,
`tests/e2e/host` and `tests/e2e/test_tokens.py` hold."""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import hmac
import itertools
import json
import os
import random
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portico_server.host.envoy.body_limit import STRANGERS_BYTES
from portico_server.platform.keyring import Keyring, certificate_uri
from tests.harness import RunningPlatform
from tests.harness.credentials import ClientCertificate, certificate_of
from tests.harness.neighbours import neighbours
from tests.harness.platform import running_platform
from tests.harness.web import connect, web
from tests.harness.wire import (
    DATA,
    END_HEADERS,
    GOAWAY,
    HEADERS,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    exchange,
    frame,
    frames_until,
    header_block,
    open_connection,
    read_to_end,
)

BUCKETS = "/v1/accounts/default/buckets"
LIST = "/portico.objects.v1.BucketService/ListBuckets"
RANDOM_FRAMES = 10_000
RESETS = 10_000
PER_CONNECTION = 500


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("attacked"), log_level="error") as running:
        yield running
        assert "unexpected_error" not in running.logs(), "no attack gets at the inside"


def request_headers(platform: RunningPlatform, **more: str) -> list[tuple[str, str]]:
    pseudo = [(":method", "POST"), (":scheme", "https"), (":path", LIST), (":authority", "localhost")]
    kind = [("content-type", "application/grpc"), ("te", "trailers")]
    return [*pseudo, *kind, ("authorization", f"Bearer {platform.token}"), *more.items()]


def at_once(attack: Callable[[int], object], times: int) -> None:
    """Envoy takes a second to close a connection that it has refused something on."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attack, range(times)))


def test_ten_thousand_random_frames(attacked: RunningPlatform) -> None:
    """Of any type, flags and stream; those that are not of the protocol end their own connection."""

    def attack(seed: int) -> None:
        chance = random.Random(seed)
        some = b"".join(
            frame(
                chance.choice([*range(16), chance.randrange(256)]),
                chance.randbytes(chance.choice([0, 1, 4, 5, 8, 40])),
                flags=chance.randrange(256),
                stream=chance.choice([0, 1, 3, chance.getrandbits(31)]),
            )
            for _ in range(PER_CONNECTION)
        )
        with open_connection(attacked, door=chance.choice(["web", "api"])) as connection:
            for _ in exchange(connection, PREFACE + frame(SETTINGS) + some):
                pass

    with neighbours(attacked):
        at_once(attack, RANDOM_FRAMES // PER_CONNECTION)


def test_random_bytes_after_the_preface_end_the_connection(attacked: RunningPlatform) -> None:
    def attack(_: int) -> None:
        with open_connection(attacked) as connection:
            for _ in exchange(connection, PREFACE + frame(SETTINGS) + b"\xff" * 9 + os.urandom(2000)):
                pass  # it ends, or `exchange` would raise

    with neighbours(attacked):
        at_once(attack, 16)


def test_rapid_reset(attacked: RunningPlatform) -> None:
    """Streams that are opened and reset at once (CVE-2023-44487) hold nobody up."""
    block = header_block(request_headers(attacked))
    cancel = (8).to_bytes(4, "big")
    sent = b"".join(
        frame(HEADERS, block, flags=END_HEADERS, stream=stream) + frame(RST_STREAM, cancel, stream=stream)
        for stream in range(1, 2 * PER_CONNECTION, 2)
    )

    def attack(_: int) -> None:
        with open_connection(attacked) as connection:
            for _ in exchange(connection, PREFACE + frame(SETTINGS) + sent):
                pass

    with neighbours(attacked):
        at_once(attack, RESETS // PER_CONNECTION)


def test_headers_without_an_end(attacked: RunningPlatform) -> None:
    """CONTINUATION frames for ever (CVE-2024-27919 and its like) are cut off by the limit of headers."""
    with neighbours(attacked), open_connection(attacked) as connection:
        begin = frame(HEADERS, header_block(request_headers(attacked)), stream=1)
        more = b"".join(frame(9, header_block([(f"x-{n}", "a" * 1000)]), stream=1) for n in range(300))
        kinds = [kind for kind, _ in exchange(connection, PREFACE + frame(SETTINGS) + begin + more)]
        assert GOAWAY in kinds or RST_STREAM in kinds or not set(kinds) - {SETTINGS, WINDOW_UPDATE}


def test_headers_that_are_too_large(attacked: RunningPlatform) -> None:
    with neighbours(attacked):
        for _ in range(10):
            assert web(attacked, "GET", BUCKETS, headers={"x-large": "a" * 70_000}).status == 431


@pytest.mark.parametrize("door", ["web", "api"])
@pytest.mark.parametrize("host", ["host: example.com:443\r\n", ""])
def test_a_tunnel_is_refused(attacked: RunningPlatform, door: str, host: str) -> None:
    with open_connection(attacked, door=door, protocol="http/1.1") as connection:
        connection.sendall(f"CONNECT example.com:443 HTTP/1.1\r\n{host}\r\n".encode())
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"UPGRADE_REFUSED" in answer


def test_messages_that_are_too_large(attacked: RunningPlatform) -> None:
    limit = attacked.settings.max_message_bytes
    with neighbours(attacked):
        for _ in range(5):
            assert connect(attacked, LIST, b"{" + b" " * limit, content_type="application/json").http.status == 429
            try:
                answer = web(
                    attacked, "POST", LIST, body=b" " * (2 * limit), headers={"content-type": "application/json"}
                )
                assert answer.status == 413
            except OSError:
                pass  # the answer came, and the connection was closed, before all of it was sent


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_bodies_that_come_drop_by_drop_hold_nobody_up(attacked: RunningPlatform, protocol: str) -> None:
    """A hundred requests that never end their body; their headers were good, so they may wait."""
    connections = []
    try:
        with neighbours(attacked) as good:
            for _ in range(100):
                connection = open_connection(attacked, protocol=protocol)
                connections.append(connection)
                if protocol == "h2":
                    begin = frame(HEADERS, header_block(request_headers(attacked)), flags=END_HEADERS, stream=1)
                    connection.sendall(PREFACE + frame(SETTINGS) + begin + frame(DATA, b"\0", stream=1))
                else:
                    lines = f"POST {LIST} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {attacked.token}\r\n"
                    kind = "content-type: application/json\r\ncontent-length: 1000\r\n\r\n{"
                    connection.sendall((lines + kind).encode())
            before = good.done
            deadline = time.monotonic() + 60
            while good.done < before + 10 and not good.failed and time.monotonic() < deadline:
                for connection in connections:
                    connection.sendall(frame(DATA, b"\0", stream=1) if protocol == "h2" else b" ")
            assert good.done >= before + 10
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.long
def test_headers_that_come_drop_by_drop_are_given_up(attacked: RunningPlatform) -> None:
    connections = [open_connection(attacked, protocol="http/1.1") for _ in range(100)]
    try:
        with neighbours(attacked):
            for connection in connections:
                connection.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
            for connection in connections:
                read_to_end(connection)
    finally:
        for connection in connections:
            connection.close()


LARGE_BYTES = 8_000_000
KIND = ("content-type", "application/json")


@pytest.mark.parametrize("path", [BUCKETS, LIST, "/nope"])
@pytest.mark.parametrize("token", [None, "of nobody"])
def test_a_strangers_large_body_is_refused_before_it_has_come(
    attacked: RunningPlatform, path: str, token: str | None
) -> None:
    """Or whoever has no token would decide how much memory is held, and how long."""
    authorization = f"authorization: Bearer {token}\r\n" if token else ""
    with open_connection(attacked, protocol="http/1.1") as connection:
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}content-type: application/json\r\n"
        connection.sendall(f"{head}content-length: {LARGE_BYTES}\r\n\r\n".encode())
        connection.sendall(b" " * (2 * STRANGERS_BYTES))
        answer = connection.recv(1024)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"larger than 64 KiB" in answer


@pytest.mark.parametrize("token", [None, "of nobody"])
@pytest.mark.parametrize(("path", "refusal"), [(BUCKETS, b"401"), (LIST, b"401"), ("/nope", b"404")])
def test_a_strangers_body_that_says_its_length_and_never_ends_is_not_waited_for(
    attacked: RunningPlatform, path: str, refusal: bytes, token: str | None
) -> None:
    authorization = f"authorization: Bearer {token}\r\n" if token else ""
    with neighbours(attacked), open_connection(attacked, protocol="http/1.1") as connection:
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}content-type: application/json\r\n"
        connection.sendall(f"{head}content-length: 1000\r\n\r\n{{".encode())
        assert connection.recv(1024).startswith(b"HTTP/1.1 " + refusal)


def test_a_strangers_body_of_unknown_length_that_never_ends_is_given_up(attacked: RunningPlatform) -> None:
    """It is collected, so nobody else hears of it."""
    pseudo = [(":method", "POST"), (":scheme", "https"), (":authority", "localhost")]
    connections = []
    with neighbours(attacked), contextlib.ExitStack() as stack:
        for path, protocol in itertools.product((BUCKETS, LIST, "/nope"), ("h2", "http/1.1")):
            connection = stack.enter_context(open_connection(attacked, protocol=protocol))
            if protocol == "h2":
                begin = frame(HEADERS, header_block([*pseudo, (":path", path), KIND]), flags=END_HEADERS, stream=1)
                connection.sendall(PREFACE + frame(SETTINGS) + begin + frame(DATA, b"{", stream=1))
            else:
                head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
                connection.sendall(f"{head}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n".encode())
            connections.append((connection, protocol))
        for connection, protocol in connections:
            if protocol == "h2":
                assert RST_STREAM in [kind for kind, _ in frames_until(connection, RST_STREAM)]
            else:
                assert b" 408 " in connection.recv(1024)


def test_of_a_small_body_a_stranger_is_told_that_the_token_is_missing(attacked: RunningPlatform) -> None:
    answer = web(attacked, "POST", BUCKETS, body=b"{}" + b" " * (STRANGERS_BYTES // 2), token=None)
    assert (answer.status, answer.json()["details"][0]["reason"]) == (401, "TOKEN_MISSING")


def test_a_caller_who_is_known_may_send_more(attacked: RunningPlatform) -> None:
    body = b"{}" + b" " * (2 * STRANGERS_BYTES)
    assert web(attacked, "POST", f"{BUCKETS}?bucket_id=larger", body=body).status == 200


def bad_certificates(platform: RunningPlatform) -> Iterator[tuple[str, ClientCertificate]]:
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    uri = certificate_uri("portico.local", "accounts/default/principals/admin")
    yield "expired", certificate_of(platform.data, uri, now - 2 * day, now - day)
    yield "not yet valid", certificate_of(platform.data, uri, now + day, now + 2 * day)
    leaf = trustme.CA().issue_cert("client.example")
    yield "another authority's", ClientCertificate(leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())


def test_bad_certificates_are_refused_though_none_is_needed(attacked: RunningPlatform) -> None:
    with neighbours(attacked):
        for name, certificate in bad_certificates(attacked):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                pytest.fail(f"{name}: {web(attacked, 'GET', BUCKETS, certificate=certificate)}")


def forged_tokens(platform: RunningPlatform) -> Iterator[tuple[str, str]]:
    head, body, signature = platform.token.split(".")
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, body))
    yield "alg none", f"{_part({**header, 'alg': 'none'})}.{body}."
    yield "no signature", f"{head}.{body}."
    signed = f"{_part({**header, 'alg': 'HS256'})}.{body}"
    for secret in _public_keys(platform):
        code = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        yield "the public key as an HMAC secret", f"{signed}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"
    yield "another's claims", f"{head}.{_part({**claims, 'sub': 'accounts/default/principals/x'})}.{signature}"
    yield "a cut signature", platform.token[:-10]


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _public_keys(platform: RunningPlatform) -> Iterator[bytes]:
    """The keys that tokens are verified with, as who guesses would spell them."""
    for key in Keyring.open(platform.data, "portico.local", ["localhost"]).jwks()["keys"]:
        x, y = (int.from_bytes(base64.urlsafe_b64decode(key[name] + "=="), "big") for name in ("x", "y"))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        yield public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        yield json.dumps(key).encode()


def test_forged_tokens_open_nothing(attacked: RunningPlatform) -> None:
    with neighbours(attacked):
        for name, token in forged_tokens(attacked):
            answer = web(attacked, "GET", BUCKETS, token=token)
            assert answer.status == 401, name
            assert connect(attacked, LIST, b"{}", content_type="application/json", token=token).http.status == 401, name


SPOOFED = {
    "x-portico-token-payload": base64.urlsafe_b64encode(b'{"sub":"accounts/default/principals/admin"}').decode(),
    "x-forwarded-client-cert": "Hash=" + "a" * 64 + ";URI=spiffe://portico.local/default/admin",
    "x-envoy-original-path": BUCKETS,
    "x-forwarded-for": "127.0.0.1",
}


@pytest.mark.parametrize("name", SPOOFED)
def test_spoofed_headers_make_nobody(attacked: RunningPlatform, name: str) -> None:
    with neighbours(attacked):
        for headers in ({name: SPOOFED[name]}, SPOOFED):
            assert web(attacked, "GET", BUCKETS, token=None, headers=headers).status == 401
            call = connect(attacked, LIST, b"{}", content_type="application/json", token=None, headers=headers)
            assert call.http.status == 401
