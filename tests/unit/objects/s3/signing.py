"""Requests that are signed by `botocore`, whose signer is the oracle, and keys to verify them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from portico_server.objects.faces.s3.signers import Signers
from portico_server.platform.access_keys import AccessKey
from portico_server.platform.authorization import Principal
from portico_server.platform.clock import SystemClock

KEY_ID, SECRET = "abcdefghij234567klmn", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ANNA = Principal("accounts/acme/principals/anna", "acme", credential=f"key.{KEY_ID}")
CREDENTIALS = Credentials(KEY_ID, SECRET)
CLOCK = SystemClock()


@dataclass(frozen=True)
class Sent:
    """A request as it comes in."""

    verb: str
    raw_path: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    def with_header(self, name: str, value: str | None) -> Sent:
        """With another value of a header; None: without it."""
        kept = tuple(pair for pair in self.headers if pair[0] != name.encode())
        return replace(self, headers=kept if value is None else (*kept, (name.encode(), value.encode())))

    def header(self, name: str) -> str:
        return dict(self.headers)[name.encode()].decode()


class Keys:
    """Access keys as the platform knows them; `opened` counts how often a secret was."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.opened = 0
        self.keys = {
            key_id: AccessKey(key_id, "acme", ANNA, self._opener(secret)) for key_id, secret in secrets.items()
        }

    def get(self, access_key_id: str) -> AccessKey | None:
        return self.keys.get(access_key_id)

    def _opener(self, secret: str) -> Any:
        def open_it() -> bytes:
            self.opened += 1
            return secret.encode()

        return open_it


def signers() -> Signers:
    return Signers(Keys({KEY_ID: SECRET}))


def signed(
    verb: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    region: str = "auto",
    credentials: Credentials = CREDENTIALS,
) -> Sent:
    """By header. An `x-amz-content-sha256` among the headers is signed instead of the body's digest."""
    request = AWSRequest(verb, url, headers=dict(headers or {}), data=body)
    signer = S3SigV4Auth(credentials, "s3", region)
    announced = request.headers.get("x-amz-content-sha256")
    if announced is not None:
        signer.payload = lambda request: announced
    signer.add_auth(request)
    return _sent(request)


def presigned(verb: str, url: str, headers: Mapping[str, str] | None = None, *, expires_seconds: int = 300) -> Sent:
    """By query."""
    request = AWSRequest(verb, url, headers=dict(headers or {}))
    S3SigV4QueryAuth(CREDENTIALS, "s3", "auto", expires=expires_seconds).add_auth(request)
    return _sent(request)


def _sent(request: AWSRequest) -> Sent:
    url = urlsplit(request.url)
    headers = [(name.lower().encode(), value.encode("utf-8")) for name, value in request.headers.items()]
    if not any(name == b"host" for name, _ in headers):
        headers.append((b"host", url.netloc.encode()))
    return Sent(request.method, url.path.encode(), url.query.encode(), tuple(headers))
