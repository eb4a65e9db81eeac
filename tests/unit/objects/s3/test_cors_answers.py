"""What pages of other origins are told."""

from __future__ import annotations

import pytest

from portico.objects.v1 import buckets_pb2
from portico_server.objects.faces.s3.cors_answers import allowed, fitting, preflight
from portico_server.platform.errors import ApiError

RULES = [
    buckets_pb2.CorsRule(
        allowed_origins=["https://*.example.com"],
        allowed_methods=["GET", "PUT"],
        allowed_headers=["Content-Type", "x-amz-*"],
        expose_headers=["ETag"],
        max_age_seconds=60,
    ),
    buckets_pb2.CorsRule(allowed_origins=["*"], allowed_methods=["GET"]),
]


@pytest.mark.parametrize(
    ("origin", "method", "headers", "which"),
    [
        ("https://a.example.com", "PUT", ["X-Amz-Date", "content-type"], 0),
        ("https://a.example.com", "PUT", ["authorization"], None),
        ("https://a.example.com", "GET", ["authorization"], None),
        ("https://a.example.com", "DELETE", [], None),
        ("https://.example.com", "GET", [], 0),
        ("http://other.example", "GET", [], 1),
        ("http://other.example", "PUT", [], None),
    ],
)
def test_the_first_rule_that_fits_counts(origin: str, method: str, headers: list[str], which: int | None) -> None:
    found = fitting(RULES, origin, method, headers)
    assert found is (None if which is None else RULES[which])


def test_a_preflight_is_answered_by_the_rule() -> None:
    response = preflight(
        {
            "origin": "https://a.example.com",
            "access-control-request-method": "PUT",
            "access-control-request-headers": "x-amz-date, content-type",
        },
        RULES,
    )
    told = dict(response.headers)
    assert response.status == 200
    assert told["access-control-allow-origin"] == "https://a.example.com"
    assert told["access-control-allow-headers"] == "x-amz-date, content-type"
    assert told["access-control-allow-methods"] == "GET, PUT"
    assert told["access-control-expose-headers"] == "ETag"
    assert told["access-control-max-age"] == "60"
    assert told["access-control-allow-credentials"] == "true"


def test_a_rule_for_everybody_gives_no_credentials() -> None:
    told = dict(allowed(RULES[1], "http://other.example"))
    assert told["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in told


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "BAD_REQUEST"),
        ({"origin": "http://o"}, "BAD_REQUEST"),
        ({"origin": "http://o", "access-control-request-method": "PUT"}, "ACCESS_FORBIDDEN"),
    ],
)
def test_a_preflight_that_no_rule_fits_is_refused(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(ApiError) as raised:
        preflight(headers, RULES)
    assert raised.value.reason == reason
