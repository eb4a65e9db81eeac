"""What HTTP clients say in header fields of a request."""

from __future__ import annotations

from typing import Any

import pytest

from portico.objects.v1.objects_pb2 import (
    Checksums,
    Conditions,
    DeleteObjectRequest,
    GetObjectRequest,
    ObjectMetadata,
    PutObjectRequest,
)
from portico_server.objects import errors
from portico_server.objects.services import request_headers
from portico_server.platform import call
from portico_server.platform.methods import Method

DATE, SECONDS = "Sun, 06 Nov 1994 08:49:37 GMT", 784111777
MD5 = bytes(range(16))
MD5_TEXT = "AAECAwQFBgcICQoLDA0ODw=="


class Context:
    """The part of a servicer's context that gives a request's headers."""

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        self._headers = headers

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return tuple(self._headers)


def enter(*headers: tuple[str, str], transcoded: bool = True) -> None:
    """Makes a call with these headers the current one."""
    found = {name.encode(): value.encode("latin-1") for name, value in headers}
    if transcoded:
        found[b"x-envoy-original-path"] = b"/v1/x"
    context: Any = Context(list(headers))
    call.current.set(call.Call(Method("/s/m", False, False), context, found, None, 0, 0))  # type: ignore[arg-type]


def conditions_with(*headers: tuple[str, str], said: Conditions | None = None) -> Conditions:
    """Those of a get that had `said` before."""
    enter(*headers)
    request = GetObjectRequest(name="n", conditions=said)
    request_headers.apply_to_read(request)
    return request.conditions


ALL_HEADERS = [
    *(("if-match", '"a"'), ("if-none-match", "*"), ("if-modified-since", DATE), ("if-unmodified-since", DATE)),
    *(("content-md5", MD5_TEXT), ("content-encoding", "gzip"), ("cache-control", "no-store"), ("expires", "0")),
    *(("content-disposition", "attachment"), ("content-language", "de, en")),
]


def test_a_put_takes_all_that_can_mean_something_to_it() -> None:
    enter(*ALL_HEADERS)
    request = PutObjectRequest(name="n", metadata=ObjectMetadata(cache_control="private"))
    request_headers.apply_to_put(request)
    assert request == PutObjectRequest(
        name="n",
        conditions=Conditions(if_match=['"a"'], if_none_match=["*"], if_unmodified_since={"seconds": SECONDS}),
        checksums=Checksums(md5=MD5),
        metadata=ObjectMetadata(
            content_encoding="gzip",
            cache_control="private",
            expires="0",
            content_disposition="attachment",
            content_language="de, en",
        ),
    )


def test_the_metadata_of_a_grpc_call_means_nothing() -> None:
    enter(*ALL_HEADERS, transcoded=False)
    request = PutObjectRequest(name="n")
    request_headers.apply_to_put(request)
    request_headers.apply_to_read(request)
    request_headers.apply_to_write(request)
    assert request == PutObjectRequest(name="n")


def test_a_rest_call_without_such_headers_is_left_as_it_is() -> None:
    enter(("accept", "*/*"))
    request = PutObjectRequest(name="n")
    request_headers.apply_to_put(request)
    assert request == PutObjectRequest(name="n")


def test_only_a_read_asks_whether_something_changed() -> None:
    assert conditions_with(("if-modified-since", DATE)).if_modified_since.seconds == SECONDS
    enter(("if-modified-since", DATE))
    deletion = DeleteObjectRequest(name="n")
    request_headers.apply_to_write(deletion)
    assert not deletion.HasField("conditions")


@pytest.mark.parametrize(
    ("text", "etags"),
    [
        ("*", ["*"]),
        ('"a"', ['"a"']),
        ('"a", "b"', ['"a"', '"b"']),
        (' , "a",,W/"b" ,', ['"a"', 'W/"b"']),
        ('"a,b", ""', ['"a,b"', '""']),
    ],
)
def test_lists_of_etags_are_read_as_http_has_them(text: str, etags: list[str]) -> None:
    assert list(conditions_with(("if-none-match", text)).if_none_match) == etags


def test_a_list_may_be_cut_over_several_lines() -> None:
    assert list(conditions_with(("if-none-match", '"a"'), ("if-none-match", '"b"')).if_none_match) == ['"a"', '"b"']


@pytest.mark.parametrize("header", ["if-match", "if-none-match"])
@pytest.mark.parametrize(
    "text",
    ["", ",", "a", '"a', 'a"', '"a" "b"', '"a"b', '*, "a"', 'w/"a"', '"a b"', '"' + "x" * 300 + '"', '"a",' * 65],
)
def test_what_is_no_list_of_etags_is_refused(header: str, text: str) -> None:
    with pytest.raises(errors.InvalidField) as refused:
        conditions_with((header, text))
    assert refused.value.field == f"conditions.{header.replace('-', '_')}"


def test_a_weak_etag_never_matches_where_the_object_must_be_the_same() -> None:
    assert list(conditions_with(("if-match", 'W/"a", "b"')).if_match) == ['"b"']
    with pytest.raises(errors.EtagMismatch):
        conditions_with(("if-match", 'W/"a"'))


@pytest.mark.parametrize("header", ["if-modified-since", "if-unmodified-since"])
def test_what_is_no_date_is_passed_over(header: str) -> None:
    assert conditions_with((header, "yesterday")) == Conditions()
    assert conditions_with((header, DATE), (header, DATE)) == Conditions()


def test_the_same_may_be_said_twice_and_no_two_things() -> None:
    said = Conditions(if_match=["b", '"a"'], if_unmodified_since={"seconds": SECONDS, "nanos": 5})
    merged = conditions_with(("if-match", '"a", "b"'), ("if-unmodified-since", DATE), said=said)
    assert merged == Conditions(if_match=['"a"', '"b"'], if_unmodified_since=said.if_unmodified_since)
    for header, value in (("if-match", '"a"'), ("if-match", "*"), ("if-unmodified-since", "Sun Nov  6 08:49:38 1994")):
        with pytest.raises(errors.InvalidField):
            conditions_with((header, value), said=said)


def test_a_condition_of_the_query_stays_beside_one_of_a_header() -> None:
    merged = conditions_with(("if-match", '"a"'), said=Conditions(if_none_match=["b"]))
    assert merged == Conditions(if_match=['"a"'], if_none_match=["b"])


def put_with(*headers: tuple[str, str], **fields: Any) -> PutObjectRequest:
    enter(*headers)
    request = PutObjectRequest(name="n", **fields)
    request_headers.apply_to_put(request)
    return request


@pytest.mark.parametrize("text", ["", "x", "AAEC", MD5_TEXT + "=", MD5.hex(), "AAECAwQFBgcICQoLDA0OD*=="])
def test_what_is_no_md5_is_refused(text: str) -> None:
    with pytest.raises(errors.InvalidField) as refused:
        put_with(("content-md5", text))
    assert refused.value.field == "checksums.md5"


def test_two_md5s_must_be_the_same() -> None:
    assert put_with(("content-md5", MD5_TEXT), checksums=Checksums(md5=MD5)).checksums.md5 == MD5
    with pytest.raises(errors.InvalidField):
        put_with(("content-md5", MD5_TEXT), checksums=Checksums(md5=bytes(16)))


@pytest.mark.parametrize("value", ['inline; filename="\xfc"', "x" * 1025, "a\tb"])
def test_what_no_answer_could_say_again_is_refused(value: str) -> None:
    with pytest.raises(errors.InvalidField) as refused:
        put_with(("content-disposition", value))
    assert refused.value.field == "metadata.content_disposition"


def test_a_list_of_etags_is_looked_at_no_further_than_there_may_be_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else 60 KiB of them would hold the event loop for a tenth of a second."""
    looked_at = 0
    pattern = request_headers._ETAG

    class Counting:
        def match(self, text: str, position: int) -> Any:
            nonlocal looked_at
            looked_at += 1
            return pattern.match(text, position)

    monkeypatch.setattr(request_headers, "_ETAG", Counting())
    with pytest.raises(errors.InvalidField, match="up to 64 ETags"):
        conditions_with(("if-match", ", ".join(['""'] * 10_000)))
    assert looked_at <= 65
