"""Metadata both ways: text, bytes, what is hidden, and what must not be sent."""

from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico_server.host.adapter.metadata import decode, encode
from portico_server.platform.errors import ApiError

keys = st.text(string.ascii_lowercase + string.digits + "_.-", min_size=1, max_size=20).filter(
    lambda key: (
        not key.startswith(("grpc-", "connect-", ":", "x-envoy-", "x-portico-", "portico-"))
        and key not in ("te", "host")
    )
)
text_keys = keys.filter(lambda key: not key.endswith("-bin"))
binary_keys = keys.map(lambda key: f"{key}-bin")
printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
entries = st.lists(st.one_of(st.tuples(text_keys, printable), st.tuples(binary_keys, st.binary())))


@given(entries)
def test_what_is_sent_is_what_is_received(sent: list[tuple[str, str | bytes]]) -> None:
    assert [tuple(entry) for entry in decode(encode(sent))] == sent


@given(st.lists(st.binary(), min_size=1), st.booleans())
def test_binary_values_may_be_joined_by_commas_and_padded_or_not(values: list[bytes], padded: bool) -> None:
    parts = [base64.b64encode(value) for value in values]
    joined = b", ".join(parts if padded else [part.rstrip(b"=") for part in parts])
    assert [entry.value for entry in decode([(b"k-bin", joined)])] == values


def test_several_values_of_a_name_are_all_given_in_order() -> None:
    assert decode([(b"k", b"1"), (b"other", b"x"), (b"k", b"2")]) == (("k", "1"), ("other", "x"), ("k", "2"))


def test_headers_of_the_transport_and_the_gateway_are_hidden() -> None:
    hidden = [
        b"te", b"host", b"content-type", b"grpc-timeout", b"grpc-encoding", b"grpc-accept-encoding",
        b"x-forwarded-client-cert", b"x-envoy-original-path", b"x-portico-token-payload",
        b"portico-client-certificate", b"portico-caller-assertion", b"portico-original-path",
    ]  # fmt: skip
    shown = [b"user-agent", b"authorization", b"traceparent", b"grpc-trace-bin"]
    assert [entry.key.encode() for entry in decode([(name, b"eA") for name in hidden + shown])] == shown


@pytest.mark.parametrize("value", [b"%%", b"a", b"ab=c", b"\xff", b"YWJj,%"])
def test_binary_values_that_are_not_base64_are_refused(value: bytes) -> None:
    with pytest.raises(ApiError) as failure:
        decode([(b"k-bin", value)])
    assert failure.value.reason == "METADATA_MALFORMED"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Upper", "v"), ("with space", "v"), ("", "v"), ("new\nline", "v"), (":path", "v"), ("grpc-status", "0"),
        ("k", "new\r\nline"), ("k", "caf\u00e9"), ("k", "\x00"), ("k-bin", "text"), ("k" * 300, "v"),
    ],
)  # fmt: skip
def test_what_must_not_be_sent_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"key|value"):
        encode([(key, value)])


def test_details_of_a_status_may_be_sent() -> None:
    assert encode([("grpc-status-details-bin", b"\x01")]) == [(b"grpc-status-details-bin", b"AQ")]
