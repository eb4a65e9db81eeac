"""The document about the S3 door says what there is."""

from __future__ import annotations

from portico_server.objects.faces.s3.operations.table import OPERATIONS
from tests.unit.objects.s3.compatibility import DOCUMENT, current


def test_its_table_is_current() -> None:
    assert current() == DOCUMENT.read_text(), "run: ./portico dev python -m tests.unit.objects.s3.compatibility"


def test_each_operation_says_whether_it_works() -> None:
    assert {found.support for found in OPERATIONS} == {"works", "partly", "refused"}
