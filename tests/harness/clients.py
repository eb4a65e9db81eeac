"""Clients of a running platform: grpc channels, HTTP/1.1, grpcurl. Any credential may be left out (None) or
replaced."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import grpc

from tests.harness.credentials import ClientCertificate, ssl_context

GRPCURL = Path(sys.executable).with_name("grpcurl")
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Response:
    """An HTTP response, whole; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def channel(
    address: str,
    *,
    authority: bytes,
    certificate: ClientCertificate | None,
    token: str | None,
    options: Sequence[tuple[str, Any]] = (),
) -> grpc.Channel:
    """A channel whose calls carry the certificate and the token; `options` are grpc's channel arguments."""
    return grpc.secure_channel(address, _channel_credentials(authority, certificate, token), list(options))


def aio_channel(
    address: str,
    *,
    authority: bytes,
    certificate: ClientCertificate | None,
    token: str | None,
    options: Sequence[tuple[str, Any]] = (),
) -> grpc.aio.Channel:
    """The same for asyncio."""
    return grpc.aio.secure_channel(address, _channel_credentials(authority, certificate, token), list(options))


def http(
    address: str,
    method: str,
    path: str,
    *,
    authority: bytes,
    certificate: ClientCertificate | None,
    token: str | None,
    headers: Mapping[str, str] | None = None,
    body: bytes | str | Iterable[bytes] | None = None,
    json_body: Any = None,
) -> Response:
    """One request over a connection of its own; `json_body` is sent as JSON. Raises OSError or
    http.client.HTTPException where the connection is refused, or reset before the answer was whole."""
    sent = dict(headers or {})
    if token is not None:
        sent.setdefault("authorization", f"Bearer {token}")
    if json_body is not None:
        body = json.dumps(json_body)
        sent.setdefault("content-type", "application/json")
    host, _, port = address.rpartition(":")
    connection = HTTPSConnection(host, int(port), context=ssl_context(authority, certificate), timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        return Response(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def grpcurl(
    address: str, profile: Path, arguments: Sequence[str], *, token: bool = True, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs grpcurl with the profile's credentials: flags first, then the address, then what follows the flags' last one
    that is not a value of a flag: give flags as `-flag=value`."""
    flags = [argument for argument in arguments if argument.startswith("-")]
    others = [argument for argument in arguments if not argument.startswith("-")]
    credentials = [f"-cacert={profile / 'ca.pem'}", f"-cert={profile / 'client.pem'}", f"-key={profile / 'client.key'}"]
    if token:
        credentials.append(f"-H=authorization: Bearer {(profile / 'token').read_text()}")
    command = [str(GRPCURL), *credentials, *flags, address, *others]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)


def _channel_credentials(
    authority: bytes, certificate: ClientCertificate | None, token: str | None
) -> grpc.ChannelCredentials:
    key = certificate.key if certificate else None
    chain = certificate.certificate if certificate else None
    credentials = grpc.ssl_channel_credentials(authority, key, chain)
    if token is None:
        return credentials
    return grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
