"""REST path templates as regular expressions."""

from __future__ import annotations

import re

import pytest

from portico_server.host.envoy.path_template import to_regex

OBJECT = "/v1/{name=accounts/*/buckets/*/objects/**}"


@pytest.mark.parametrize(
    ("template", "path"),
    [
        (OBJECT, "/v1/accounts/a/buckets/b/objects/c"),
        (OBJECT, "/v1/accounts/a/buckets/b/objects/c/d%2Fe/f"),
        (OBJECT, "/v1/accounts/a/buckets/b/objects/c?checksum=1&x=/y"),
        ("/v1/tokens", "/v1/tokens"),
        ("/v1/{name}/x", "/v1/anything/x"),
        ("/v1/a.b:verb", "/v1/a.b:verb"),
    ],
)
def test_a_path_of_the_template_matches(template: str, path: str) -> None:
    assert re.fullmatch(to_regex(template), path)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        (OBJECT, "/v1/accounts/a/buckets/b"),
        (OBJECT, "/v1/accounts/a/x/buckets/b/objects/c"),
        (OBJECT, "/v2/accounts/a/buckets/b/objects/c"),
        (OBJECT, "/v1/accounts?/a/buckets/b/objects/c"),
        ("/v1/tokens", "/v1/tokens/x"),
        ("/v1/a.b:verb", "/v1/aXb:verb"),
    ],
)
def test_another_path_does_not(template: str, path: str) -> None:
    assert not re.fullmatch(to_regex(template), path)
