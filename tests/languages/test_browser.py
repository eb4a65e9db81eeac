"""The page in a real browser, at the web door."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.e2e.web.browser import CHROMIUM, page_server, seen
from tests.harness import running_platform
from tests.harness.platform import ROOT
from tests.languages.example import assert_output

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (.ci/debian-packages.txt)")


def test_the_scenario_is_one_trace_in_a_browser(tmp_path: Path) -> None:
    with page_server() as server, running_platform(tmp_path, web_origins=(server.origin(),)) as platform:
        server.page = (ROOT / "clients" / "examples" / "browser" / "scenario.html").read_text()
        given = {"address": platform.web_address, "token": platform.token, "report": "/result"}
        lines = seen(server, f"{server.origin()}/#{urlencode(given)}", tmp_path, platform.web_address)
        assert_output("browser", lines, platform)
