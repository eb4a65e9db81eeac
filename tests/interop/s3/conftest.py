"""A platform, and clients of S3 that run against it with nothing but their usual variables."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.s3.conftest import door_of
from tests.e2e.s3.door import S3Door
from tests.harness import running_platform
from tests.interop.s3.environment import programs

_SECONDS = 120


@dataclass(frozen=True)
class Clients:
    """Runs programs; `door` is where they are sent."""

    door: S3Door
    programs: Path
    home: Path

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_"))}
        return {
            **kept,
            "HOME": str(self.home),
            "AWS_ACCESS_KEY_ID": self.door.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.door.secret_access_key,
            "AWS_REGION": "auto",
            "AWS_DEFAULT_REGION": "auto",
            "AWS_ENDPOINT_URL": self.door.endpoint,
            "S3_ENDPOINT_URL": self.door.endpoint,
            "AWS_CA_BUNDLE": self.door.authority,
            "SSL_CERT_FILE": self.door.authority,
        }

    def run(self, program: str, *arguments: str | Path, status: int = 0, **variables: str) -> str:
        """What it says on its standard output. It must end with that status."""
        command = [str(self.programs / program), *map(str, arguments)]
        done = subprocess.run(
            command, env={**self.environment, **variables}, capture_output=True, timeout=_SECONDS, cwd=self.home
        )
        told = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        assert done.returncode == status, told
        return told[0]

    def python(self, script: str) -> str:
        """Runs a script in the clients' environment."""
        return self.run("python", "-c", script)


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with running_platform(tmp_path_factory.mktemp("s3-clients")) as platform:
        yield Clients(door_of(platform), programs(), tmp_path_factory.mktemp("home"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with small files, one of 9 MiB, and names that are not plain."""
    source = random.Random(13)
    for name, size_bytes in (
        ("one", 10),
        ("empty", 0),
        ("sub/a b ü", 70_000),
        ("sub/deeper/x+y", 20_000),
        ("big", 9 << 20),
    ):
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.randbytes(size_bytes))
    return tmp_path / "files"


def same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files."""
    return contents(one) == contents(other)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
