"""Requests that schemathesis makes from the OpenAPI document, good ones and bad ones: none fails inside, and what is
answered keeps to the document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance

from tests.fuzz.corpus import unexpected
from tests.harness import RunningPlatform, running_platform
from tests.harness.web import web

INSIDE = (2, 13)  # google.rpc.Code: UNKNOWN, INTERNAL
FIXED = {"account": "default", "bucket": "fuzzed"}
"""What a caller may do anything with; else nearly all would end in PERMISSION_DENIED."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("openapi")) as running:
        answer = running.http("POST", "/v1/accounts/default/buckets?bucketId=fuzzed", json_body={})
        assert answer.status == 200
        yield running


@pytest.fixture(scope="module")
def session(fuzzed: RunningPlatform) -> Iterator[requests.Session]:
    """Connections that are kept, and nothing of the environment."""
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_no_request_fails_inside(fuzzed: RunningPlatform, session: requests.Session, mode: GenerationMode) -> None:
    try_all(fuzzed, session, mode, examples=2)


@pytest.mark.long
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_no_request_of_many_fails_inside(
    fuzzed: RunningPlatform, session: requests.Session, mode: GenerationMode
) -> None:
    try_all(fuzzed, session, mode, examples=300, derandomize=False)


def try_all(
    platform: RunningPlatform,
    session: requests.Session,
    mode: GenerationMode,
    *,
    examples: int,
    derandomize: bool = True,
) -> None:
    """So many requests for each operation of the document; the same ones each time where `derandomize` says so."""
    document = schemathesis.openapi.from_dict(web(platform, "GET", "/openapi.json", token=None).json())
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) >= 15
    sent = 0

    def try_one(operation: Any) -> None:
        named = {parameter.name for parameter in operation.path_parameters}
        fixed = {name: value for name, value in FIXED.items() if name in named}
        if operation.method.upper() == "DELETE" and not operation.path.endswith("{object}"):
            fixed.pop("bucket", None)  # the others need it

        @hypothesis.settings(
            max_examples=examples,
            derandomize=derandomize,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode, path_parameters=fixed))
        def each(case: Any) -> None:
            nonlocal sent
            headers = {"authorization": f"Bearer {platform.token}"}
            trust = str(platform.profile / "ca.pem")
            answer = case.call(
                base_url=f"https://{platform.web_address}", session=session, headers=headers, timeout=30, verify=trust
            )
            sent += 1
            judge(case, answer)

        each()

    for operation in operations:
        try:
            try_one(operation)
        except hypothesis.errors.Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, "only what takes nothing can be given nothing wrong"
    assert sent >= examples * len(operations) // 3
    assert list(unexpected(platform)) == []


def judge(case: Any, answer: Any) -> None:
    assert answer.status_code not in (500, 502), (case.as_curl_command(), answer.text)
    if answer.status_code >= 400 and answer.headers.get("content-type") == ["application/json"]:
        assert answer.json()["code"] not in INSIDE, (case.as_curl_command(), answer.text)
    if answer.status_code < 300:
        case.validate_response(answer, checks=(response_schema_conformance,))
