"""Portico itself: the real supervisor, every setting at its default, an echo beside its products."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.candidates import PYTHON_PATH, ROOT, CandidateError, Endpoint, running
from bench.credentials import Credentials
from bench.processes import descendants
from portico_server.platform.settings import Settings

NAME = "Portico"
APPLICATION = "portico_server.app:app"
DESCRIPTORS = ROOT / "tests" / "testing_product" / "gen" / "portico" / "testing.binpb"


def settings(data: Path) -> Settings:
    """The defaults, on ports that the system chooses."""
    return Settings(
        data=data,
        listen="127.0.0.1:0",
        web_listen="",
        s3_listen="127.0.0.1:0",
        extra_products=("bench.candidates.echo",),
        extra_descriptors=(str(DESCRIPTORS),),
    )


@contextmanager
def start(
    platform: Settings, credentials: Credentials, scratch: Path, *, name: str = NAME, application: str = APPLICATION
) -> Iterator[Endpoint]:
    """Runs a platform; returns when it says that it is ready."""
    log = scratch / "portico.log"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PORTICO_")}
    environment |= {"PYTHONPATH": PYTHON_PATH, "PORTICO_PROFILE_DIR": str(scratch / "profile")}
    environment |= {
        "PYTHONDONTWRITEBYTECODE": ""
    }  # an installed platform is compiled, whatever the habit of this machine
    settings_file = scratch / f"{platform.data.name}.json"
    settings_file.write_text(platform.to_json())
    command = [sys.executable, "-m", "portico_server.host.supervisor", "--application", application]
    with (
        settings_file.open() as settings_input,
        running(
            [*command, "--settings-from-input"], log, environment, stdin=settings_input, stdout=subprocess.PIPE
        ) as process,
    ):
        port, s3_port = _wait_ready(process, log)
        yield Endpoint(name, port, credentials, lambda: _processes(process.pid), s3_port)


def _wait_ready(process: subprocess.Popen[bytes], log: Path) -> tuple[int, int]:
    """The ports of the API and of S3, from the line in which the supervisor says that calls are answered."""
    assert process.stdout is not None
    for line in process.stdout:
        news = json.loads(line)
        if news["event"] == "ready":
            return _port(news["address"]), _port(news["s3_address"])
        if news["event"] == "failed":
            raise CandidateError(news["message"])
    raise CandidateError(f"the platform ended before it was ready:\n{log.read_text()[-4000:]}")


def _port(address: str) -> int:
    """0 for no address."""
    return int(address.rpartition(":")[2] or 0)


def _processes(supervisor: int) -> dict[str, int]:
    names = {"envoy": "front"}
    found = descendants(supervisor)
    return {"supervisor" if pid == supervisor else names.get(name, name): pid for name, pid in found.items()}
