"""A page token goes on with the very list that it was made for, and with no other."""

from __future__ import annotations

import pytest

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.platform.errors import ApiError
from portico_server.platform.paging import PageTokens

ADA = "accounts/default/principals/ada"
TOKENS = PageTokens(b"k" * 32)
REQUEST = objects_pb2.ListObjectsRequest(parent="accounts/a/buckets/b", prefix="photos/", page_size=10)


def refused(token: str, request: objects_pb2.ListObjectsRequest = REQUEST, principal: str = ADA) -> ApiError:
    with pytest.raises(ApiError) as error:
        TOKENS.open(request, principal, token)
    assert error.value.reason == "INVALID_PAGE_TOKEN"
    assert error.value.violations[0].field == "page_token"
    return error.value


@pytest.mark.parametrize("cursor", ["photos/1.jpg", "é/\N{GRINNING FACE}", "k" * 1024])
def test_a_token_opens_to_the_cursor_that_was_sealed(cursor: str) -> None:
    token = TOKENS.seal(REQUEST, ADA, cursor)
    assert TOKENS.open(REQUEST, ADA, token) == cursor
    assert len(token) <= 4096, "the contracts' bound"


def test_the_last_page_has_no_token_and_the_first_needs_none() -> None:
    assert TOKENS.seal(REQUEST, ADA, "") == ""
    assert TOKENS.open(REQUEST, ADA, "") == ""


def test_the_size_of_the_page_may_change() -> None:
    token = TOKENS.seal(REQUEST, ADA, "here")
    other = objects_pb2.ListObjectsRequest(parent=REQUEST.parent, prefix=REQUEST.prefix, page_size=3, page_token=token)
    assert TOKENS.open(other, ADA, token) == "here"


def test_another_callers_token_is_refused() -> None:
    refused(TOKENS.seal(REQUEST, ADA, "here"), principal="accounts/default/principals/eve")


def test_a_token_of_a_list_of_something_else_is_refused() -> None:
    token = TOKENS.seal(REQUEST, ADA, "here")
    refused(token, objects_pb2.ListObjectsRequest(parent="accounts/a/buckets/other", prefix="photos/"))
    refused(token, objects_pb2.ListObjectsRequest(parent=REQUEST.parent))
    same_bytes = buckets_pb2.ListBucketsRequest.FromString(
        objects_pb2.ListObjectsRequest(parent="p").SerializeToString()
    )
    refused(TOKENS.seal(same_bytes, ADA, "here"), objects_pb2.ListObjectsRequest(parent="p"))


def test_a_token_by_another_key_is_refused() -> None:
    refused(PageTokens(b"x" * 32).seal(REQUEST, ADA, "here"))


@pytest.mark.parametrize("position", [0, 10, 22, -1])
def test_a_token_that_was_changed_is_refused(position: int) -> None:
    token = list(TOKENS.seal(REQUEST, ADA, "some-where"))
    token[position] = "A" if token[position] != "A" else "B"
    refused("".join(token))


@pytest.mark.parametrize("garbage", ["x", "====", "not a token", "é", "AAAA", "_" * 4096, "A" * 21 + "\n"])
def test_garbage_is_refused(garbage: str) -> None:
    refused(garbage)
