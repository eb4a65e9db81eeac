"""Four ways to put a file through the gateway and get it back: this command, grpcurl, the SDK, and plain HTTP."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portico_cli.commands.grpcurl import credentials, program

if TYPE_CHECKING:
    from portico import Client

_CHUNK_BYTES = 1024 * 1024
_SECONDS = 120
_SERVICE = "portico.objects.v1.ObjectService"


class WayFailed(Exception):
    """A program of the demo failed; the message is what it said."""


def by_command(client: Client, bucket: str, file: Path) -> bytes:
    """`portico objects cp` there and back."""
    url = f"portico://{bucket}/command/{file.name}"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for source, target in ((str(file), url), (url, str(copy))):
            _run(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "portico_cli.main",
                    "objects",
                    "cp",
                    "--profile",
                    _folder(client),
                    source,
                    target,
                ]
            )
        return copy.read_bytes()


def by_grpcurl(client: Client, bucket: str, file: Path) -> bytes:
    """grpcurl, which knows the contract by reflection only; bytes are base64 in its JSON."""
    name = f"accounts/{client.profile.account}/buckets/{bucket}/objects/grpcurl/{file.name}"
    _grpcurl(client, "PutObject", "\n".join(_put_messages(name, file.read_bytes())))
    answer = _grpcurl(client, "GetObject", json.dumps({"name": name}))
    return b"".join(base64.b64decode(message.get("data", {}).get("data", "")) for message in _documents(answer))


def by_sdk(client: Client, bucket: str, file: Path) -> bytes:
    """The SDK, in this process."""
    client.objects.put(bucket, f"sdk/{file.name}", file)
    return client.objects.read(bucket, f"sdk/{file.name}")


def by_rest(client: Client, bucket: str, file: Path) -> bytes:
    """HTTP/1.1: PUT and GET of the raw bytes."""
    path = f"/v1/accounts/{client.profile.account}/buckets/{bucket}/objects/rest/{file.name}"
    _http(client, "PUT", path, file.read_bytes())
    return _http(client, "GET", path, None)


def _put_messages(name: str, content: bytes) -> Iterator[str]:
    for start in range(0, max(len(content), 1), _CHUNK_BYTES):
        body = {"data": base64.b64encode(content[start : start + _CHUNK_BYTES]).decode()}
        yield json.dumps({"name": name, "data": body} if start == 0 else {"data": body})


def _documents(text: str) -> Iterator[Any]:
    """The JSON documents that stand one behind the other in a text."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text.rstrip()):
        at += len(text[at:]) - len(text[at:].lstrip())
        document, at = decoder.raw_decode(text, at)
        yield document


def _grpcurl(client: Client, method: str, request: str) -> str:
    """One call; the token goes through the environment."""
    profile = client.profile
    assert profile.folder is not None
    command = [str(program()), *credentials(profile.folder, has_certificate=True), "-max-msg-sz", "16777216"]
    command += ["-expand-headers", "-H", "authorization: Bearer ${PORTICO_DEMO_TOKEN}", "-d", "@"]
    command += [profile.address, f"{_SERVICE}/{method}"]
    return _run(command, request, {"PORTICO_DEMO_TOKEN": client.credentials.token()})


def _run(command: list[str], given: str = "", environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    if done.returncode:
        raise WayFailed(done.stderr.strip() or f"{command[0]} ended with code {done.returncode}")
    return done.stdout


def _http(client: Client, method: str, path: str, body: bytes | None) -> bytes:
    folder = Path(_folder(client))
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "client.pem", folder / "client.key")
    host, _, port = client.profile.address.rpartition(":")
    connection = HTTPSConnection(host.strip("[]"), int(port), context=context, timeout=_SECONDS)
    try:
        headers = {"authorization": f"Bearer {client.credentials.token()}", "content-type": "application/octet-stream"}
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise WayFailed(f"{method} {path}: {response.status} {answer[:500].decode(errors='replace')}")
    return answer


def _folder(client: Client) -> str:
    assert client.profile.folder is not None  # the demo uses a profile
    return str(client.profile.folder)
