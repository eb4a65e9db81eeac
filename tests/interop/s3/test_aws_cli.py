"""The AWS CLI, unchanged."""

from __future__ import annotations

import json
from pathlib import Path

from tests.interop.s3.conftest import Clients, same


def test_it_moves_folders_both_ways_and_tells_what_there_is(clients: Clients, files: Path, tmp_path: Path) -> None:
    aws = "aws"
    clients.door.client().create_bucket(Bucket="aws-cli")
    clients.run(aws, "s3", "sync", files, "s3://aws-cli/x", "--quiet")
    assert clients.run(aws, "s3", "sync", files, "s3://aws-cli/x") == "", "there is nothing more to do"
    clients.run(aws, "s3", "cp", "s3://aws-cli/x", tmp_path / "back", "--recursive", "--quiet")
    assert same(files, tmp_path / "back")
    head = json.loads(clients.run(aws, "s3api", "head-object", "--bucket", "aws-cli", "--key", "x/one"))
    assert head["ContentLength"] == 10
    clients.run(aws, "s3", "rb", "s3://aws-cli", "--force")
    assert "aws-cli" not in clients.run(aws, "s3", "ls")
