"""Serves the testing contract by `grpc.aio`, as a program of its own.

python -m bench.candidates.grpc_aio_server PORT [CERTIFICATE KEY]    without TLS where no certificate is named
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc
from portico.testing.v1 import testing_pb2_grpc

from bench.candidates.echo import EchoService

LARGEST_MESSAGE_BYTES = 8 * 1024 * 1024
"""As Portico's default."""


async def serve(port: int, tls: grpc.ServerCredentials | None) -> None:
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", LARGEST_MESSAGE_BYTES)])
    testing_pb2_grpc.add_TestingServiceServicer_to_server(EchoService(), server)  # type: ignore[no-untyped-call]
    address = f"127.0.0.1:{port}"
    if tls is None:
        server.add_insecure_port(address)
    else:
        server.add_secure_port(address, tls)
    await server.start()
    await server.wait_for_termination()


def main(port: str, certificate: str = "", key: str = "") -> None:
    tls = None
    if certificate:
        tls = grpc.ssl_server_credentials([(Path(key).read_bytes(), Path(certificate).read_bytes())])
    asyncio.run(serve(int(port), tls))


if __name__ == "__main__":
    main(*sys.argv[1:])
