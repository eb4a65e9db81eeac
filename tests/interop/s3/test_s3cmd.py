"""s3cmd, unchanged: it moves files and folders, small and in parts, and tells what there is."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.interop.s3.conftest import Clients, contents, same


@pytest.fixture
def configured(clients: Clients) -> Clients:
    """Where it looks for its settings: path-style, with our authority."""
    host = urlsplit(clients.door.endpoint).netloc
    settings = {
        "access_key": clients.door.access_key_id,
        "secret_key": clients.door.secret_access_key,
        "host_base": host,
        "host_bucket": host,
        "ca_certs_file": clients.door.authority,
        "bucket_location": "us-east-1",
        "multipart_chunk_size_mb": "5",
    }
    lines = ["[default]", *(f"{name} = {value}" for name, value in settings.items())]
    (clients.home / ".s3cfg").write_text("\n".join(lines) + "\n")
    return clients


def test_it_moves_folders_both_ways_and_tells_what_there_is(configured: Clients, files: Path, tmp_path: Path) -> None:
    def s3cmd(*arguments: str | Path, status: int = 0) -> str:
        return configured.run("s3cmd", *arguments, status=status)

    s3cmd("mb", "s3://s3cmd")
    s3cmd("sync", f"{files}/", "s3://s3cmd/site/")
    listed = s3cmd("ls", "--recursive", "s3://s3cmd")
    for name, content in contents(files).items():
        assert f" {len(content)}  s3://s3cmd/site/{name}\n" in listed
    assert "upload:" not in s3cmd("sync", f"{files}/", "s3://s3cmd/site/"), "all of it is there"
    (tmp_path / "back").mkdir()
    s3cmd("sync", "s3://s3cmd/site/", f"{tmp_path}/back/")
    assert same(files, tmp_path / "back")
    s3cmd("cp", "s3://s3cmd/site/big", "s3://s3cmd/copy")
    s3cmd("mv", "s3://s3cmd/copy", "s3://s3cmd/moved")
    s3cmd("get", "s3://s3cmd/moved", tmp_path / "moved")
    assert (tmp_path / "moved").read_bytes() == (files / "big").read_bytes()
    assert "File size: 10\n" in s3cmd("info", "s3://s3cmd/site/one")
    s3cmd("ls", "s3://s3cmd-absent", status=12)
    s3cmd("del", "s3://s3cmd/moved")
    s3cmd("del", "--recursive", "--force", "s3://s3cmd/site/")
    assert s3cmd("ls", "--recursive", "s3://s3cmd") == ""
    s3cmd("rb", "s3://s3cmd")
