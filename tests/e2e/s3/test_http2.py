"""Presigned requests over HTTP/2, many at once over one connection."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.e2e.s3.door import S3Door

COUNT = 40


def test_presigned_gets_share_a_connection_and_each_has_its_own_answer(
    door: S3Door, bucket: str, tmp_path: Path
) -> None:
    client = door.client()
    for number in range(COUNT):
        if number % 4:
            client.put_object(Bucket=bucket, Key=f"a b/{number}", Body=str(number).encode())
    options = ["http2", "parallel", "parallel-max = 10", 'write-out = "%{urlnum} %{http_version} %{http_code}\\n"']
    for number in range(COUNT):
        asked = {"Bucket": bucket, "Key": f"a b/{number}"}
        url = client.generate_presigned_url("get_object", Params=asked)
        options += [f'url = "{url}"', f'output = "{tmp_path / str(number)}"']
    command = ["curl", "--silent", "--cacert", door.authority, "--config", "-"]
    told = subprocess.run(command, input="\n".join(options), capture_output=True, text=True, timeout=60, check=True)

    answers = dict(line.split(" ", 1) for line in told.stdout.splitlines())
    for number in range(COUNT):
        there = bool(number % 4)
        assert answers[str(number)] == ("2 200" if there else "2 404")
        content = (tmp_path / str(number)).read_text()
        assert content == str(number) if there else "<Code>NoSuchKey</Code>" in content
