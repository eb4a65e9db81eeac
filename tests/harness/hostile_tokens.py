"""Tokens that nobody may be let in by: what is known to have fooled one verifier of JWTs or another, made for a key.

The sources: RFC 8725, the published flaws of JOSE libraries, and the kinds of Wycheproof's vectors of JSON web
signatures, made anew here. Each is as good as can be but for its one fault.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def encoded(data: bytes | str) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else data.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Signer:
    """An issuer's key. `subject` is one that it may name, `audience` one for which its tokens are good."""

    algorithm: str
    kid: str
    key: PrivateKey
    issuer: str
    audience: str
    subject: str

    def header(self, **changes: Any) -> dict[str, Any]:
        return _changed({"alg": self.algorithm, "typ": "at+jwt", "kid": self.kid}, changes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """`changes` replace; None removes."""
        now = int(time.time())
        base = {
            "iss": self.issuer, "aud": self.audience, "sub": self.subject, "client_id": "test",
            "jti": "0123456789abcdef", "iat": now, "exp": now + 600,
        }  # fmt: skip
        return _changed(base, changes)

    def signature(self, signed: bytes, algorithm: str = "") -> bytes:
        """As its algorithm wants it, or as another one that the key can do."""
        key, algorithm = self.key, algorithm or self.algorithm
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(signed)
        if isinstance(key, rsa.RSAPrivateKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            return key.sign(signed, pss if algorithm == "PS256" else padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return _raw(r, s)

    def token(self, header: Any = None, claims: Any = None, *, signed_as: str = "") -> str:
        """A token of these (texts as they are, all else as JSON), signed."""
        head, body = (_text(self.header() if header is None else header), _text(claims or self.claims()))
        signed = f"{encoded(head)}.{encoded(body)}"
        return f"{signed}.{encoded(self.signature(signed.encode(), signed_as))}"

    def public(self) -> list[bytes]:
        """Its public key in each form in which a verifier may hold it."""
        public = self.key.public_key()
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        forms = [
            public.public_bytes(serialization.Encoding.PEM, info),
            public.public_bytes(serialization.Encoding.PEM, info).strip(),
            public.public_bytes(serialization.Encoding.DER, info),
            json.dumps(self.jwk()).encode(),
            json.dumps(self.jwk(), separators=(",", ":"), sort_keys=True).encode(),
            b"",
        ]
        if isinstance(public, rsa.RSAPublicKey):
            pkcs1 = serialization.PublicFormat.PKCS1
            forms += [
                public.public_bytes(each, pkcs1) for each in (serialization.Encoding.PEM, serialization.Encoding.DER)
            ]
            forms.append(_integer(public.public_numbers().n))
        elif isinstance(public, ec.EllipticCurvePublicKey):
            point = serialization.PublicFormat.UncompressedPoint
            forms.append(public.public_bytes(serialization.Encoding.X962, point))
            forms.append(_integer(public.public_numbers().x))
        else:
            forms.append(public.public_bytes_raw())
        return forms

    def jwk(self) -> dict[str, str]:
        """Its public key as a JWK."""
        public = self.key.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            own = {"kty": "RSA", "n": encoded(_integer(numbers.n)), "e": encoded(_integer(numbers.e))}
        elif isinstance(public, ec.EllipticCurvePublicKey):
            point = public.public_numbers()
            x, y = (encoded(each.to_bytes(32, "big")) for each in (point.x, point.y))
            own = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        else:
            own = {"kty": "OKP", "crv": "Ed25519", "x": encoded(public.public_bytes_raw())}
        return {**own, "kid": self.kid, "alg": self.algorithm, "use": "sig"}


class Hostile(NamedTuple):
    """A token, what is wrong with it, and for what reason it is to be refused."""

    fault: str
    token: str
    reasons: tuple[str, ...]


def new_key(algorithm: str) -> PrivateKey:
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else ed25519.Ed25519PrivateKey.generate()


def of_any_algorithm(signer: Signer) -> Iterator[Hostile]:
    """What can be tried on every issuer, whatever its algorithm."""
    good = signer.token()
    head, body, signature = good.split(".")
    stranger = Signer(signer.algorithm, signer.kid, new_key(signer.algorithm), signer.issuer, signer.audience, "x")
    yield from _unsigned(signer)
    yield from _hmac(signer)
    yield from _taken_apart(head, body, signature)
    yield from _keys_of_its_own(signer, stranger)
    yield from _key_ids(stranger)
    yield from _critical(signer)
    yield from _kinds(signer, good)
    yield from _twice(signer)
    yield from _times(signer)
    yield from _audiences(signer)
    yield from _names(signer)


def of_p256(signer: Signer) -> Iterator[Hostile]:
    """What is tried on ECDSA with P-256: numbers that are none, and the other form of a signature."""
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    head, body = signer.token().split(".")[:2]
    signed = f"{head}.{body}"
    der = signer.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(der)
    numbers = {
        "r and s are 0": (0, 0), "r is 0": (0, s), "s is 0": (r, 0), "r and s are 1": (1, 1),
        "r is the order": (P256_ORDER, s), "s is the order": (r, P256_ORDER), "both are the order": (P256_ORDER,) * 2,
        "r is 0 and s is 1": (0, 1), "s is one more than the order": (r, P256_ORDER + 1), "s is r": (r, r),
    }  # fmt: skip
    for fault, pair in numbers.items():
        yield Hostile(f"signature: {fault}", f"{signed}.{encoded(_raw(*pair))}", SIGNATURE)
    raw = _raw(r, s)
    changed = {
        "DER": der, "r alone": raw[:32], "of 63 bytes": raw[:63], "of 65 bytes": raw + b"\0", "doubled": raw + raw,
        "padded for P-384": r.to_bytes(48, "big") + s.to_bytes(48, "big"), "s before r": raw[32:] + raw[:32],
        "not negated but reversed": raw[::-1],
    }  # fmt: skip
    for fault, bad in changed.items():
        yield Hostile(f"signature: {fault}", f"{signed}.{encoded(bad)}", SIGNATURE)
    for algorithm in ("ES256K", "ES384", "ES512", "EdDSA", "RS256", "PS256", "es256", "ES256 ", "SHA256withECDSA"):
        yield Hostile(f"alg {algorithm!r}", signer.token(signer.header(alg=algorithm)), ALGORITHM)


def of_rsa(signer: Signer) -> Iterator[Hostile]:
    """What is tried on RSA: another padding, and signatures that need no key."""
    assert isinstance(signer.key, rsa.RSAPrivateKey)
    head, body, signature = signer.token().split(".")
    size = signer.key.key_size // 8
    for fault, bad in {
        "0": bytes(size), "1": b"\0" * (size - 1) + b"\1",
        "the modulus": _integer(signer.key.public_key().public_numbers().n),
        "one byte short": base64.urlsafe_b64decode(signature + "==")[:-1],
        "one byte more": base64.urlsafe_b64decode(signature + "==") + b"\0",
    }.items():  # fmt: skip
        yield Hostile(f"signature: {fault}", f"{head}.{body}.{encoded(bad)}", SIGNATURE)
    pss = signer.token(signed_as="PS256")
    yield Hostile("PSS in place of PKCS #1", pss, SIGNATURE)
    for algorithm in ("PS256", "RS384", "RS1", "ES256", "EdDSA", "rs256", "RSASSA"):
        yield Hostile(f"alg {algorithm!r}", signer.token(signer.header(alg=algorithm), signed_as=algorithm), ALGORITHM)


MALFORMED = ("TOKEN_MALFORMED",)
SIGNATURE = ("SIGNATURE_INVALID",)
NOT_YET = ("TOKEN_NOT_YET_VALID",)
ALGORITHM = ("SIGNATURE_INVALID", "TOKEN_MALFORMED")
"""Of an algorithm that nobody knows Envoy says one or the other."""


def _unsigned(signer: Signer) -> Iterator[Hostile]:
    body = encoded(json.dumps(signer.claims()))
    for algorithm in ("none", "None", "NONE", "nOnE", "none ", "", "null", "unsecured"):
        head = encoded(json.dumps(signer.header(alg=algorithm)))
        for signature in ("", encoded("x"), encoded(bytes(64)), signer.token().split(".")[2]):
            yield Hostile(f"alg {algorithm!r}, signature {signature[:4]!r}", f"{head}.{body}.{signature}", ALGORITHM)
    for algorithm in (None, 0, [], {}, ["none"], [signer.algorithm], True):
        header = {"typ": "at+jwt", "kid": signer.kid, "alg": algorithm}
        yield Hostile(f"alg {algorithm!r}", signer.token(header), ALGORITHM)
    yield Hostile("no alg", signer.token({"typ": "at+jwt", "kid": signer.kid}), ALGORITHM)


def _hmac(signer: Signer) -> Iterator[Hostile]:
    body = encoded(json.dumps(signer.claims()))
    for number, secret in enumerate(signer.public()):
        for algorithm, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
            signed = f"{encoded(json.dumps(signer.header(alg=algorithm)))}.{body}"
            code = encoded(hmac.new(secret, signed.encode(), digest).digest())
            yield Hostile(f"{algorithm} with the public key, form {number}", f"{signed}.{code}", ALGORITHM)
            disguised = f"{encoded(json.dumps(signer.header()))}.{body}"
            code = encoded(hmac.new(secret, disguised.encode(), digest).digest())
            yield Hostile(f"{algorithm} called {signer.algorithm}, form {number}", f"{disguised}.{code}", SIGNATURE)


def _taken_apart(head: str, body: str, signature: str) -> Iterator[Hostile]:
    other = encoded("{}")
    flipped = signature[:-3] + ("A" if signature[-3] != "A" else "B") + signature[-2:]
    whole = {
        "no signature": f"{head}.{body}.", "no signature and no dot": f"{head}.{body}",
        "no payload": f"{head}..{signature}",
        "no payload and no dot": f"{head}.{signature}", "no header": f".{body}.{signature}", "header alone": head,
        "payload alone": f".{body}.", "dots alone": "..", "one dot": ".",
        "a part too many": f"{head}.{body}.{signature}.{other}",
        "an empty part too many": f"{head}.{body}.{signature}.", "an empty part before": f".{head}.{body}.{signature}",
        "signature in the payload's place": f"{head}.{signature}.{body}",
        "five parts (JWE)": f"{head}.{other}.{other}.{body}.{signature}",
        "JSON serialization": json.dumps({"payload": body, "protected": head, "signature": signature}),
        "general JSON serialization": json.dumps({"payload": body, "signatures": [{"protected": head,
        "signature": signature}]}),
        "space in the signature": f"{head}.{body}.{signature[:9]} {signature[9:]}",
        "space in the payload": f"{head}.{body[:9]} {body[9:]}.{signature}",
        "space before the payload": f"{head}. {body}.{signature}",
        "tab in the header": f"{head[:5]}\t{head[5:]}.{body}.{signature}",
        "padding behind the header": f"{head}=.{body}.{signature}",
        "padding behind the payload": f"{head}.{body}==.{signature}",
        "padding within": f"{head}.{body[:8]}=={body[8:]}.{signature}",
        "base64 of the other alphabet": f"{head}.{body}.+/{signature[2:]}",
        "percent-encoded": f"{head}%2E{body}%2E{signature}",
        "another letter of the signature": f"{head}.{body}.{flipped}",
        "signature cut short": f"{head}.{body}.{signature[:-4]}",
        "signature twice": f"{head}.{body}.{signature}{signature}",
        "empty payload": f"{head}.{other}.{signature}",
        "comma and a second token": f"{head}.{body}.{signature},{head}.{body}.{signature}",
        "letters beyond ASCII": f"{head}.{body}\u00e9.{signature}", "quoted": f'"{head}.{body}.{signature}"',
    }  # fmt: skip
    for fault, token in whole.items():
        yield Hostile(fault, token, (*ALGORITHM, "ISSUER_UNKNOWN"))


def _keys_of_its_own(signer: Signer, stranger: Signer) -> Iterator[Hostile]:
    jwk = stranger.jwk()
    brought = {
        "jwk": jwk, "jwk without an id": {k: v for k, v in jwk.items() if k != "kid"}, "jwks": {"keys": [jwk]},
        "jku": "https://attacker.example/jwks", "jku of this machine": "https://127.0.0.1:1/jwks",
        "x5u": "http://attacker.example/x",
        "x5c": [base64.b64encode(stranger.public()[2]).decode()], "x5t": "AAAA", "x5t#S256": "A" * 43,
        "pem": stranger.public()[0].decode(),
        "p2c": 2_000_000_000, "epk": jwk, "x5u to a file": "file:///etc/passwd",
    }  # fmt: skip
    for fault, value in brought.items():
        header = stranger.header(**{fault.split(" ")[0]: value})
        yield Hostile(f"key brought along: {fault}", stranger.token(header, signer.claims()), SIGNATURE)
    header = stranger.header(jwk=jwk, kid=None)
    yield Hostile("key brought along: jwk, no kid", stranger.token(header, signer.claims()), SIGNATURE)


KEY_IDS: tuple[Any, ...] = (
    "/etc/passwd", "../../../../dev/null", "/dev/null", "file:///dev/null", "https://attacker.example/key",
    "' OR '1'='1", "x' UNION SELECT 'key'--",
    "$(id)", "| /bin/true", "", " ", "*", "%", "\0", "../" * 100, "k" * 10_240, "\u202ekid", ["first"], [], {},
    {"kid": "x"}, 0, 1, -1, None, True,
)  # fmt: skip


def _key_ids(stranger: Signer) -> Iterator[Hostile]:
    for kid in KEY_IDS:
        header = {"alg": stranger.algorithm, "typ": "at+jwt", "kid": kid}
        yield Hostile(f"kid {str(kid)[:30]!r}", stranger.token(header, stranger.claims()), ALGORITHM)


def _critical(signer: Signer) -> Iterator[Hostile]:
    for critical in (["exp2"], ["b64"], ["exp"], [], "b64", None, 1, {}, ["alg"], [""], ["http://example/unknown"]):
        header = signer.header(b64=False) | {"crit": critical, "exp2": 1, "http://example/unknown": 1}
        yield Hostile(f"crit {critical!r}", signer.token(header), MALFORMED)
    claims = json.dumps(signer.claims())
    head = encoded(json.dumps(signer.header(b64=False) | {"crit": ["b64"]}))
    for payload in (claims, claims.replace(".", "\\u002e")):
        signature = encoded(signer.signature(f"{head}.{payload}".encode()))
        yield Hostile("payload that is not encoded (b64)", f"{head}.{payload}.{signature}", ALGORITHM)
        yield Hostile(
            "payload that was not signed as it is encoded", f"{head}.{encoded(payload)}.{signature}", ALGORITHM
        )


def _kinds(signer: Signer, good: str) -> Iterator[Hostile]:
    types = (
        "JWT",
        "jwt",
        "id_token",
        "",
        "dpop+jwt",
        "logout+jwt",
        "at+jwt+x",
        "at+jwt ",
        "portico-caller+jwt",
        1,
        [],
        ["at+jwt"],
        {},
        False,
    )
    for kind in types:
        yield Hostile(f"typ {kind!r}", signer.token(signer.header() | {"typ": kind}), ("TOKEN_TYPE_INVALID",))
    yield Hostile("typ null", signer.token(signer.header() | {"typ": None}), ("TOKEN_TYPE_INVALID",))
    yield Hostile("no typ", signer.token(signer.header(typ=None)), ("TOKEN_TYPE_INVALID",))
    claims = json.dumps(signer.claims()).encode()
    yield Hostile("a token within a token", _token_of_bytes(signer, signer.header(cty="JWT"), good.encode()), MALFORMED)
    yield Hostile("compressed", _token_of_bytes(signer, signer.header(zip="DEF"), zlib.compress(claims)), MALFORMED)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflate.compress(b"0" * 1_000_000) + deflate.flush()
    yield Hostile("compressed beyond measure", _token_of_bytes(signer, signer.header(zip="DEF"), bomb), MALFORMED)
    header = {"alg": "RSA-OAEP", "enc": "A256GCM", "typ": "at+jwt", "kid": signer.kid}
    jwe = ".".join(
        [encoded(json.dumps(header)), *(encoded(each) for each in (b"k" * 256, b"v" * 12, claims, b"t" * 16))]
    )
    yield Hostile("encrypted (JWE)", jwe, MALFORMED)
    direct = {"alg": "dir", "enc": "A128CBC-HS256", "typ": "at+jwt"}
    yield Hostile(
        "encrypted directly",
        f"{encoded(json.dumps(direct))}..{encoded(b'v' * 16)}.{encoded(claims)}.{encoded(b't' * 16)}",
        MALFORMED,
    )
    for fault, content in {
        "an array": b"[]", "a text": b'"x"', "a number": b"1", "null": b"null", "empty": b"", "no JSON": b"{",
        "NaN": b'{"exp": NaN}',
        "not UTF-8": claims.replace(b"0123456789abcdef", b"\xff\xfe"),
        "with a byte order mark": b"\xef\xbb\xbf" + claims,
        "UTF-16": claims.decode().encode("utf-16"), "with something behind": claims + b"{}",
        "with a NUL": claims + b"\0", "in single quotes": claims.replace(b'"', b"'"),
        "deep": b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "with a comment": b"/**/" + claims,
    }.items():  # fmt: skip
        yield Hostile(
            f"payload that is {fault}",
            _token_of_bytes(signer, signer.header(), content),
            (*ALGORITHM, "ISSUER_UNKNOWN"),
        )
        if not isinstance(content, bytes) or fault.startswith("with"):
            continue
        head = encoded(content)
        signed = f"{head}.{encoded(claims)}"
        yield Hostile(f"header that is {fault}", f"{signed}.{encoded(signer.signature(signed.encode()))}", ALGORITHM)


def _twice(signer: Signer) -> Iterator[Hostile]:
    """Names that stand twice: one reader takes the first, another the last."""
    claims, header = json.dumps(signer.claims()), json.dumps(signer.header())
    for name, value in (
        ("sub", "x"),
        ("iss", "https://x"),
        ("aud", "x"),
        ("exp", 9_999_999_999),
        ("jti", "y"),
        ("cnf", {}),
        ("\\u0073ub", "x"),
    ):
        more = f'"{name}": {json.dumps(value)}'
        if name == "cnf":
            more = f"{more}, {more}"
        for fault, text in (("before", f"{{{more}, {claims[1:]}"), ("behind", f"{claims[:-1]}, {more}}}")):
            reasons = ("TOKEN_MALFORMED", "ISSUER_UNKNOWN", "AUDIENCE_MISMATCH", "SIGNATURE_INVALID")
            yield Hostile(f"{name} twice, another {fault}", signer.token(None, text), reasons)
    for name, value in (("alg", "none"), ("alg", "HS256"), ("typ", "JWT"), ("kid", "x"), ("\\u0061lg", "none")):
        more = f'"{name}": "{value}"'
        for fault, text in (("before", f"{{{more}, {header[1:]}"), ("behind", f"{header[:-1]}, {more}}}")):
            yield Hostile(f"{name} {value} {fault} {name}", signer.token(text), ALGORITHM)


def _times(signer: Signer) -> Iterator[Hostile]:
    now = int(time.time())
    expired, malformed = ("TOKEN_EXPIRED",), ("TOKEN_MALFORMED", "TOKEN_EXPIRED", "TOKEN_NOT_YET_VALID")
    raw = {
        "exp": ['"9999999999"', "1e99", "1e400", "-1", "0", "null", "true", "[]", "{}", '""', '"never"',
        f"{now + 600}.5", "1E10", "-1e99",
                "99999999999999999999999", "18446744073709551616", "9223372036854775808", "9.9e9", str(now - 3600),
                f"{now - 3600}.9"],
        "iat": ['"0"', "1e99", "null", "true", "[]", f"{now}.5"],
        "nbf": ['"0"', "1e99", "true", "[]", str(now + 3600), "99999999999999999999999"],
    }  # fmt: skip
    for name, values in raw.items():
        for value in values:
            text = json.dumps(signer.claims(**{name: None}))[:-1] + f', "{name}": {value}}}'
            yield Hostile(f"{name} {value}", signer.token(None, text), malformed)
    for name in ("exp", "iat"):
        yield Hostile(f"no {name}", signer.token(None, signer.claims(**{name: None})), MALFORMED)
    yield Hostile("iat in the future", signer.token(None, signer.claims(iat=now + 3600, exp=now + 4200)), NOT_YET)
    yield Hostile("lives for ever", signer.token(None, signer.claims(exp=253_402_300_799)), MALFORMED)
    yield Hostile("ends before it begins", signer.token(None, signer.claims(iat=now + 20, exp=now + 10)), MALFORMED)
    yield Hostile("long expired", signer.token(None, signer.claims(iat=1, exp=2)), expired)


def _audiences(signer: Signer) -> Iterator[Hostile]:
    mismatch = ("AUDIENCE_MISMATCH", "TOKEN_MALFORMED")
    for audience in (None, "", "x", [], ["x", "y"], signer.audience.upper(), f"{signer.audience} ",
    f"{signer.audience}\0", {signer.audience: 1}, 0, True,
                     [[signer.audience]], [1, signer.audience.encode().hex()], f"x,{signer.audience}",
                     "*"):  # fmt: skip
        claims = signer.claims(aud=None) | ({} if audience is None else {"aud": audience})
        yield Hostile(f"aud {audience!r}", signer.token(None, claims), mismatch)


def _names(signer: Signer) -> Iterator[Hostile]:
    for name in ("sub", "jti", "client_id"):
        for value in (None, "", 7, [], {}, ["x"], True):
            claims = signer.claims(**{name: None}) | ({} if value is None else {name: value})
            yield Hostile(f"{name} {value!r}", signer.token(None, claims), ("TOKEN_MALFORMED", "SUBJECT_UNKNOWN"))
    for issuer in (None, "", f"{signer.issuer}/", signer.issuer.upper(), signer.issuer.replace("https", "http"),
    [signer.issuer], {}, 7,
                   f"{signer.issuer}/.well-known", f" {signer.issuer}", f"{signer.issuer}\0",
                   "https://\u0440ortico.local"):  # fmt: skip
        claims = signer.claims(iss=None) | ({} if issuer is None else {"iss": issuer})
        yield Hostile(f"iss {issuer!r}", signer.token(None, claims), ("ISSUER_UNKNOWN", "TOKEN_MALFORMED"))
    for subject in ("*", "accounts/default", "accounts/default/principals/",
    "accounts/default/principals/../admin",
                    "accounts/default/principals/admin/", "accounts/default/principals/Admin",
                    "accounts/default/principals/\u0430dmin",
                    "accounts/default/principals/admin\0", "accounts//principals/admin",
                    "accounts/default/principals/admin\n",
                    "spiffe://portico.local/default/admin", "accounts/default/principals/a b",
                    "/accounts/default/principals/admin"):  # fmt: skip
        yield Hostile(
            f"sub {subject!r}", signer.token(None, signer.claims(sub=subject)), ("TOKEN_MALFORMED", "SUBJECT_UNKNOWN")
        )
    for confirmation in (
        True,
        "x",
        [],
        {},
        {"jkt": "x"},
        {"x5t#S256": ""},
        {"x5t#S256": 1},
        {"x5t#S256": None},
        {"x5t": "AAAA"},
        {"kid": "x"},
        0,
        "",
    ):
        claims = signer.claims() | {"cnf": confirmation}
        yield Hostile(f"cnf {confirmation!r}", signer.token(None, claims), ("TOKEN_MALFORMED", "CERTIFICATE_MISMATCH"))
    wrong = signer.claims() | {"cnf": {"x5t#S256": encoded(bytes(32))}}
    yield Hostile("bound to another certificate", signer.token(None, wrong), ("CERTIFICATE_MISMATCH",))
    null = signer.claims() | {"cnf": None}
    yield Hostile("bound to nothing (cnf null)", signer.token(None, null), MALFORMED)


def _token_of_bytes(signer: Signer, header: dict[str, Any], content: bytes) -> str:
    signed = f"{encoded(json.dumps(header))}.{encoded(content)}"
    return f"{signed}.{encoded(signer.signature(signed.encode()))}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def _integer(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
