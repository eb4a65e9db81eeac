"""The calls of the testing contract that are sent to every candidate."""

from __future__ import annotations

from pathlib import Path

from portico.testing.v1 import testing_pb2

from bench.load import Load, write_bodies, write_frame

NAME = "accounts/default/tests/bench"
SERVICE = "/portico.testing.v1.TestingService/"
IN_FLIGHT = 64


def echo(scratch: Path, in_flight: int = IN_FLIGHT) -> Load:
    """A unary call with a word of text."""
    request = testing_pb2.UnaryRequest(name=NAME, text="hello")
    bodies = write_bodies(scratch / "echo.bodies", [request.SerializeToString()])
    return Load(f"{SERVICE}Unary", bodies, in_flight)


def responses(scratch: Path, message_bytes: int, count: int) -> Load:
    """One stream at a time, answered by `count` messages."""
    request = testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[message_bytes] * count)
    bodies = write_bodies(scratch / "responses.bodies", [request.SerializeToString()])
    return Load(f"{SERVICE}ServerStream", bodies, in_flight=1)


def requests(scratch: Path, message_bytes: int, count: int) -> Load:
    """One stream at a time, of `count` messages and a first one that says what it is about."""
    first = testing_pb2.ClientStreamRequest(name=NAME)
    bodies = write_bodies(scratch / "requests.bodies", [first.SerializeToString()])
    message = testing_pb2.ClientStreamRequest(payload=bytes(message_bytes)).SerializeToString()
    repeat = write_frame(scratch / "requests.frame", message)
    return Load(f"{SERVICE}ClientStream", bodies, in_flight=1, repeat=repeat, repeat_count=count)
