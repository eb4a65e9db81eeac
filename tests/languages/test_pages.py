"""The pages of the languages: their commands are those that the tests run, and CI installs what they ask for."""

from __future__ import annotations

import pytest

from tests.harness.platform import ROOT
from tests.languages.example import PAGE_ADDRESS, PAGE_PROFILE, page

PAGES = ROOT / "docs" / "languages"
LANGUAGES = sorted(path.stem for path in PAGES.glob("*.md") if path.stem != "README")
PROGRAMS = sorted(path.parent.name for path in (ROOT / "clients" / "examples").glob("*/build.sh"))
INSTALLED = {line for line in (ROOT / ".ci" / "debian-packages.txt").read_text().splitlines() if line}


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_page_builds_and_runs_its_program(language: str) -> None:
    *builds, runs = page(language).commands
    assert f"clients/examples/{language}/build.sh /tmp/portico-{language}" in builds
    assert runs == f"/tmp/portico-{language}/scenario {PAGE_ADDRESS} {PAGE_PROFILE}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_ci_installs_what_the_page_asks_for(language: str) -> None:
    assert set(page(language).packages) <= INSTALLED


def test_every_program_has_its_page_and_the_first_page_names_them_all() -> None:
    assert set(PROGRAMS) <= set(LANGUAGES)
    overview = (PAGES / "README.md").read_text()
    assert all(f"({language}.md)" in overview for language in LANGUAGES)
