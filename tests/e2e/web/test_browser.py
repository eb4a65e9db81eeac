"""Pages in a real browser call the platform, by gRPC-Web, Connect and REST; pages of other origins cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.web.browser import CHROMIUM, PageServer, page_server, seen
from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (.ci/debian-packages.txt)")

PAGE = Path(__file__).with_name("page.html")


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with page_server() as served:
        yield served


@pytest.fixture(scope="module")
def called(server: PageServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform that lets the page in where it is served at 127.0.0.1, and not at localhost."""
    folder = tmp_path_factory.mktemp("browser")
    with running_platform(folder, web_origins=(server.origin(),), **TESTING_PRODUCT) as running:
        values = {"@ADDRESS@": running.web_address, "@TOKEN@": running.token}
        text = PAGE.read_text()
        for name, value in values.items():
            text = text.replace(name, value)
        server.page = text
        yield running


@pytest.fixture(scope="module")
def report(called: RunningPlatform, server: PageServer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the page of the allowed origin saw."""
    found = seen(server, server.origin(), tmp_path_factory.mktemp("allowed"), called.web_address)
    assert "error" not in found, found
    return found


def test_connect_writes_and_reads(report: Any) -> None:
    assert report["created"]["status"] == report["listed"]["status"] == 200
    names = [bucket["name"] for bucket in report["listed"]["body"]["buckets"]]
    assert names == ["accounts/default/buckets/made-at-127-0-0-1"]
    assert len(report["listed"]["ray"]) == 32, "the page may read the ray id"


def test_errors_come_with_their_details(report: Any) -> None:
    missing = report["missing"]
    assert (missing["status"], missing["body"]["code"]) == (404, "not_found")
    assert missing["body"]["details"][0]["debug"]["reason"] == "BUCKET_NOT_FOUND"
    assert report["grpcWebMissing"]["status"] == "5"
    assert report["grpcWebMissing"]["details"]


def test_without_a_token_a_page_is_told_why(report: Any) -> None:
    stranger = report["stranger"]
    assert (stranger["status"], stranger["body"]["code"]) == (401, "unauthenticated")
    assert stranger["body"]["details"][0]["debug"]["reason"] == "TOKEN_MISSING"


def test_streams_come_whole(report: Any) -> None:
    assert report["stream"] == [[0, 4], [0, 26668], [2, 0]]  # in base64, and the end


def test_grpc_web_reads_the_same(report: Any) -> None:
    assert report["grpcWeb"]["status"] == "0"
    assert "buckets/made-at-127-0-0-1" in report["grpcWeb"]["messages"][0]


def test_rest_and_the_openapi_document_too(report: Any) -> None:
    assert report["rest"] == {"status": 200, "body": report["listed"]["body"]}
    assert report["openapi"] == "Portico"


def test_a_page_of_another_origin_is_kept_out_by_the_browser(
    called: RunningPlatform, server: PageServer, report: Any, tmp_path: Path
) -> None:
    """The very same page, at another name of the same server; the token in it does not help."""
    refused = seen(server, server.origin("localhost"), tmp_path, called.web_address)
    assert refused == {"error": "TypeError: Failed to fetch"}
    assert called.http("GET", "/v1/accounts/default/buckets/made-at-localhost").status == 404, "nothing was written"
