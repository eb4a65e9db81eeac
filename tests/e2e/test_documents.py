"""The commands of the pages in docs/ do what they say."""

from __future__ import annotations

import re
from pathlib import Path

from tests.harness.documents import run_document
from tests.harness.layouts import BY_COMMAND

pytestmark = BY_COMMAND


def test_backup_and_restore(tmp_path: Path) -> None:
    printed = run_document("docs/backup.md", tmp_path)
    for words in ("monday is whole", r"linked, in backups/tuesday|in backups/tuesday", "restored .* into", "yours"):
        assert re.search(words, printed), printed
    assert printed.count("dear reader") == 1
    assert not (tmp_path / "backups" / "monday").exists()


def test_upgrade(tmp_path: Path) -> None:
    printed = run_document("docs/upgrade.md", tmp_path)
    for words in ("backed up", r"platform +https://", "stopped"):
        assert re.search(words, printed), printed


def test_the_web_door(tmp_path: Path) -> None:
    printed = run_document("docs/web.md", tmp_path)
    for words in (
        r'"name": ?"accounts/default/buckets/photos"',
        "access-control-allow-origin: https://app.example.com",
    ):
        assert re.search(words, printed), printed
    assert '"openapi":"3.1.0"' in (tmp_path / "openapi.json").read_text()
    assert "BucketService" in (tmp_path / "reference.html").read_text()


def test_permissions(tmp_path: Path) -> None:
    printed = run_document("docs/permissions.md", tmp_path)
    for words in (
        "2026/monday.txt",
        "^all is well",
        r"needs the permission objects\.object\.delete on accounts/default/buckets/reports",
        "PERMISSION_DENIED +portico",
    ):
        assert re.search(words, printed, re.MULTILINE), printed


def test_operations(tmp_path: Path) -> None:
    printed = run_document("docs/operations.md", tmp_path)
    for check in ("envoy", "disk", "inodes", "clock", "processes", "port", "permissions", "policy", "backup"):
        assert re.search(rf"^ok +{check}: ", printed, re.MULTILINE), printed
    assert "BEGIN CERTIFICATE" in (tmp_path / "portico-ca.pem").read_text()
