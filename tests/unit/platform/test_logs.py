"""Logs: JSON, with the ray id, without secrets."""

from __future__ import annotations

import contextvars
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from portico_server.platform.call import current
from portico_server.platform.telemetry import logs
from tests.unit.gateway.fakes import new_call

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("info", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object(output: io.StringIO) -> None:
    structlog.get_logger("x").warning("disk_full", path="/data", free_bytes=0)

    (line,) = lines(output)
    assert (line["event"], line["level"], line["path"], line["free_bytes"]) == ("disk_full", "warning", "/data", 0)
    assert line["timestamp"].endswith("Z")


def test_a_line_of_a_call_bears_its_ray_id(output: io.StringIO) -> None:
    def serve() -> None:
        call = new_call()
        call.ray_id = "r" * 32
        current.set(call)
        structlog.get_logger().info("something")

    contextvars.copy_context().run(serve)

    assert lines(output)[0]["ray_id"] == "r" * 32


@pytest.mark.parametrize(
    "key", ["authorization", "Authorization", "token", "access_token", "key", "api_key", "secret", "password", "cookie"]
)
def test_values_under_telling_keys_are_left_out(output: io.StringIO, key: str) -> None:
    structlog.get_logger().info("x", **{key: "hunter2", "more": {key: "hunter2", "list": [{key: "hunter2"}]}})

    assert "hunter2" not in output.getvalue()


def test_a_word_that_only_holds_the_letters_of_key_is_kept(output: io.StringIO) -> None:
    structlog.get_logger().info("x", keyboard="qwerty", monkey="george")

    assert "qwerty" in output.getvalue()
    assert "george" in output.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        f"refused {JWT} twice",
        f"authorization: Bearer {JWT}",
        "Bearer c2VjcmV0LXRva2Vu",
        "basic YWRtaW46aHVudGVyMg==",
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----",
        "no such host: postgresql://portico:hunter2@db.example.com/portico",
        "-----BEGIN EC PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49",
    ],
)
def test_texts_that_look_like_credentials_are_left_out(output: io.StringIO, text: str) -> None:
    structlog.get_logger().error("x", header=text)
    structlog.get_logger().error(text)

    for secret in (JWT, "hunter2", "c2VjcmV0", "YWRtaW46", "MIGHAgEA"):
        assert secret not in output.getvalue()


def test_a_traceback_is_one_field_and_bears_no_secret(output: io.StringIO) -> None:
    try:
        raise ValueError(f"bad token {JWT}")
    except ValueError as error:
        structlog.get_logger().error("unexpected_error", exc_info=error)

    (line,) = lines(output)
    assert "ValueError: bad token [redacted]" in line["exception"]


def test_bytes_are_told_by_their_number(output: io.StringIO) -> None:
    structlog.get_logger().info("x", body=b"secret bytes")

    assert lines(output)[0]["body"] == "12 bytes"


def test_the_standard_library_logs_the_same_way(output: io.StringIO) -> None:
    logging.getLogger("some.library").warning("lost %s: Bearer %s", "it", JWT)

    (line,) = lines(output)
    assert line["event"] == "lost it: [redacted]"
    assert line["level"] == "warning"


def test_what_is_below_the_level_is_not_written(output: io.StringIO) -> None:
    structlog.get_logger().debug("quiet")
    logging.getLogger().debug("quiet")

    assert output.getvalue() == ""
