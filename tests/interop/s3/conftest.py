"""A platform, and clients of S3 that run against it with nothing but what `portico env --s3` prints."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
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
    """Runs programs; `door` is where they are sent, by the variables `printed`."""

    door: S3Door
    programs: Path
    home: Path
    printed: Mapping[str, str]

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_"))}
        return {**kept, "HOME": str(self.home), **self.printed}

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


@pytest.fixture(scope="package")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with running_platform(tmp_path_factory.mktemp("s3-clients")) as platform:
        yield Clients(door_of(platform), programs(), tmp_path_factory.mktemp("home"), printed(platform.profile))


def printed(profile: Path) -> dict[str, str]:
    """The variables that `portico env --s3` prints."""
    command = (sys.executable, "-P", "-m", "portico_cli.main", "env", "--s3", "--output", "json")
    environment = {**os.environ, "PORTICO_PROFILE_DIR": str(profile)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=True)
    variables: dict[str, str] = json.loads(done.stdout)
    return variables


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
