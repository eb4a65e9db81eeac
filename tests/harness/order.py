"""In which order the files of the tests go out to the processes that run them, and which go out together."""

from __future__ import annotations

from typing import Any

import pytest

LONGEST_FIRST = (
    "tests/e2e/test_documents.py",
    "tests/languages/",
    "tests/e2e/test_layouts.py",
    "tests/interop/s3/",
    "tests/fuzz/",
    "tests/contract/objects/",
    "tests/e2e/",
    "tests/faults/",
    "",  # all others
)
"""Where a long file came last, it ran alone while the other processes had nothing left to do."""

PACKAGES = (
    "tests/e2e/faces/",
    "tests/e2e/host/",
    "tests/e2e/s3/",
    "tests/e2e/web/",
    "tests/interop/s3/",
    "tests/interop/",
)
"""Folders whose files share a platform (a fixture of the scope `package`): it starts once, and ends with the folder."""
TOGETHER = (*PACKAGES, "tests/contract/mesh/", "tests/contract/objects/")
"""Folders that go out whole. The last ones share what lives on one event loop until the end: a platform; a product, on
one engine and then on the other, which each file would start again."""


def place(node_id: str) -> int:
    """The smaller, the earlier."""
    return next(number for number, start in enumerate(LONGEST_FIRST) if node_id.startswith(start))


def unit(node_id: str) -> str:
    """What a test goes out with, to run in one process: the files of its folder, or its file."""
    return next((folder for folder in TOGETHER if node_id.startswith(folder)), node_id.partition("::")[0])


def scheduler(config: pytest.Config, log: Any) -> Any:
    """pytest-xdist's for whole files, with `unit` in the place of the file."""
    from xdist.scheduler import LoadFileScheduling  # in the process alone that hands them out

    class UnitScheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    return UnitScheduling(config, log)
