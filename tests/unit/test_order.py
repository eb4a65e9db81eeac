"""The order of the tests, and what goes out together."""

from __future__ import annotations

import pytest

from tests.harness.order import PACKAGES, TOGETHER, place, unit
from tests.harness.platform import ROOT


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_folder_with_a_platform_is_a_package_or_that_would_not_end_with_it(folder: str) -> None:
    assert (ROOT / folder / "__init__.py").exists()


@pytest.mark.parametrize("folder", TOGETHER)
def test_a_folder_that_goes_out_whole_is_there(folder: str) -> None:
    assert list((ROOT / folder).glob("test_*.py"))


def test_a_file_goes_out_with_its_folder_or_by_itself() -> None:
    assert unit("tests/e2e/s3/test_lists.py::test_pages[1]") == unit("tests/e2e/s3/test_acls.py::test_one")
    assert unit("tests/interop/s3/test_rclone.py::test_one") != unit("tests/interop/test_rest.py::test_one")
    assert unit("tests/e2e/test_dns.py::test_one[a::b]") == "tests/e2e/test_dns.py"


def test_files_that_take_long_come_first() -> None:
    names = ("tests/unit/test_order.py", "tests/e2e/test_dns.py", "tests/e2e/test_documents.py")
    assert sorted(names, key=place) == [
        "tests/e2e/test_documents.py",
        "tests/e2e/test_dns.py",
        "tests/unit/test_order.py",
    ]
