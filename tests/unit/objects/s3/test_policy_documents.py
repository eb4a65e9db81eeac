"""Bucket policies: what one opens to everybody, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest

from portico_server.objects.faces.s3.policy_documents import GET, LIST, LOCATE, Opened, document_of, opened_by
from portico_server.platform.errors import ApiError

BUCKET, OBJECTS, ANY = "arn:aws:s3:::b", "arn:aws:s3:::b/*", "arn:aws:s3:::*"


def policy(**changes: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": GET, "Resource": OBJECTS, **changes}
    return {"Version": "2012-10-17", "Statement": [{k: v for k, v in statement.items() if v is not None}]}


@pytest.mark.parametrize(
    ("changes", "opened"),
    [
        ({}, (True, False, False)),
        ({"Sid": "read", "Principal": {"AWS": ["*"]}}, (True, False, False)),
        ({"Action": LIST, "Resource": BUCKET}, (False, True, False)),
        ({"Action": [LIST], "Resource": [BUCKET, OBJECTS]}, (False, True, False)),
        ({"Action": [GET, LIST], "Resource": [BUCKET, OBJECTS]}, (True, True, False)),
        ({"Action": LIST, "Resource": [ANY, f"{ANY}/*"]}, (False, True, False)),
        ({"Action": [GET, LIST], "Resource": ANY}, (True, True, False)),
        ({"Action": LOCATE, "Resource": BUCKET}, (False, False, True)),
        ({"Action": [LOCATE, LIST, GET], "Resource": [BUCKET, OBJECTS]}, (True, True, True)),
    ],
)
def test_what_everybody_may_do(changes: dict[str, Any], opened: tuple[bool, bool, bool]) -> None:
    assert opened_by(policy(**changes), "b") == opened


@pytest.mark.parametrize(
    "opened",
    [
        Opened(True, False),
        Opened(False, True),
        Opened(True, True),
        Opened(True, True, True),
        Opened(False, False, True),
    ],
)
def test_what_is_told_opens_the_same(opened: Opened) -> None:
    assert opened_by(document_of(opened, "b"), "b") == opened


@pytest.mark.parametrize(
    "changes",
    [
        *({"Action": action} for action in ("s3", "s3:", "s3::GetObject", "s3:Put-Object", "s4:GetObject", "s3:*:")),
        *({"Principal": principal} for principal in ("me", {"AWS": ""}, {"AWS": []}, {}, ["*", "me"], {"Me": "*"})),
        {"Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}},
        {"Resource": BUCKET},
        {"Action": LIST},
        {"Action": LOCATE},
        {"Action": [GET, LIST]},
        *({"Resource": resource} for resource in ("", "arn:aws:iam:::b", "arn:aws:s3:::/b", "arn:aws:s3:::c-b")),
    ],
)
def test_what_is_no_policy_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        opened_by(policy(**changes), "b")
    assert refused.value.reason == "MALFORMED_POLICY"


@pytest.mark.parametrize(
    "changes",
    [
        {"Effect": "Deny"},
        {"Action": "s3:*"},
        {"Action": "s3:Get*"},
        {"Action": [GET, "s3:PutObject"]},
        {"Resource": "arn:aws:s3:::b/photos/*"},
        {"Principal": {"AWS": "arn:aws:iam::1:root"}},
        {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Effect": "Deny", "Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}},
        {"Action": None, "NotAction": GET},
    ],
)
def test_what_says_more_is_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        opened_by(policy(**changes), "b")
    assert refused.value.reason == "NOT_IMPLEMENTED"


def test_one_statement_that_says_more_refuses_them_all() -> None:
    document = policy()
    document["Statement"] += policy(Effect="Deny")["Statement"]
    with pytest.raises(ApiError):
        opened_by(document, "b")
