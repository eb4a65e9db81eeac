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


def test_objects_from_the_command_line(tmp_path: Path) -> None:
    printed = run_document("docs/objects.md", tmp_path)
    for words in (
        "^removed portico://web/site/css/main.css",
        "^restored portico://web/site/css/main.css from version",
        r"5 +portico://web/site/$",
    ):
        assert re.search(words, printed, re.MULTILINE), printed
    assert (tmp_path / "copy" / "css" / "main.css").read_text() == "h1 { color: teal }\n"


def test_permissions(tmp_path: Path) -> None:
    printed = run_document("docs/permissions.md", tmp_path)
    for words in (
        "2026/monday.txt",
        "^all is well",
        r"needs the permission objects\.object\.delete on accounts/default/buckets/reports",
        "PERMISSION_DENIED +portico",
    ):
        assert re.search(words, printed, re.MULTILINE), printed


def test_dns(tmp_path: Path) -> None:
    printed = run_document("docs/dns.md", tmp_path)
    for words in (
        r"_portico-challenge\.example\.com\. TXT",
        r"record\.a must be an IPv4 address",
        "a CNAME stands alone",
        r"xn--mller-kva\.example",
        r"create api\.example\.com 600 A 192\.0\.2\.7",
        r"1 would be created, 0 would be changed, 0 would be deleted; 4 as they were, 1 passed over",
        r"needs the permission dns\.record\.create on accounts/default/zones/example\.org",
    ):
        assert re.search(words, printed), printed


def test_domain_roles(tmp_path: Path) -> None:
    printed = run_document("docs/domain-roles.md", tmp_path)
    for words in (
        "no buckets that you may see",
        r"needs the permission dns\.record\.create on accounts/default/zones/shop\.example",
        r"needs the permission dns\.zone\.read on accounts/default/zones/example\.org",
        r"ada may not do dns\.record\.create on accounts/default/zones/shop\.example",
        "needs the permission dns.record.delete",
        "no zones that you may see",
    ):
        assert re.search(words, printed), printed
    lists = [re.findall(r"^(\S+\.example|example\.\S+) +pending", part, re.M) for part in printed.split("zone  ")[1:]]
    assert lists == [
        ["blog.example", "example.com", "example.org", "shop.example"],
        ["example.com"],
        ["blog.example", "example.com", "example.org"],
        ["example.com", "example.org"],
    ], printed


def test_access(tmp_path: Path) -> None:
    printed = run_document("docs/access.md", tmp_path)
    for words in (
        r"^objects +photos +buckets/photos$",
        r"ada may not do objects\.object\.read on accounts/default/buckets/logs",
        r"^nobody would gain or lose anything",  # ada has yet to accept
        r"^allowed +objects\.object\.read +accounts/default/buckets/logs",
        r"domainGroups/production has example\.com$",
        r"^0 new, 0 changed, 0 deleted",
        r"^- +- example\.com|^ +- - example\.com",
        r"^0 new, 1 changed, 0 deleted",
        r"^access$",
        "portico_secret_",
        "removed accounts/default/members/ada",
    ):
        assert re.search(words, printed, re.MULTILINE), (words, printed)


def test_operations(tmp_path: Path) -> None:
    printed = run_document("docs/operations.md", tmp_path)
    for check in ("envoy", "disk", "inodes", "clock", "processes", "port", "permissions", "policy", "backup"):
        assert re.search(rf"^ok +{check}: ", printed, re.MULTILINE), printed
    assert "BEGIN CERTIFICATE" in (tmp_path / "portico-ca.pem").read_text()
