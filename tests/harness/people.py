"""People who call a running platform as they would: by grpcurl and by the command line, each with a profile."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import unittest.mock
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico_cli.main import run
from tests.harness.clients import grpcurl
from tests.harness.platform import RunningPlatform


class Refused(AssertionError):
    """grpcurl was answered an error: `code` (`PermissionDenied`), and all that it printed."""

    def __init__(self, printed: str) -> None:
        super().__init__(printed)
        self.code = printed.partition("Code: ")[2].partition("\n")[0].strip()


@dataclass(frozen=True)
class Person:
    """Somebody with a profile of that platform."""

    platform: RunningPlatform
    profile: Path

    def call(self, method: str, *flags: str, **request: Any) -> Any:
        """Calls `Service/Method` of a contract (`dns.v1.ZoneService/ListZones`) by grpcurl; answers its JSON. Raises
        Refused."""
        sent = [f"-d={json.dumps(request)}", *flags, f"portico.{method}"]
        done: subprocess.CompletedProcess[str] = grpcurl(self.platform.address, self.profile, sent)
        if done.returncode != 0:
            raise Refused(done.stderr)
        return json.loads(done.stdout)

    def refusal(self, method: str, **request: Any) -> Refused:
        """As `call`, which must be refused."""
        try:
            answer = self.call(method, **request)
        except Refused as refused:
            return refused
        raise AssertionError(f"{method} was answered {answer}")

    def may(self, method: str, **request: Any) -> bool:
        """Whether the call is let through; raises Refused where something else is wrong with it."""
        try:
            self.call(method, **request)
        except Refused as refused:
            if refused.code != "PermissionDenied":
                raise
            return False
        return True

    def portico(self, *arguments: object, code: int = 0, given: str = "") -> str:
        """What a command line prints, in this process, which takes a tenth of the time. `given`: its input."""
        printed = io.TextIOWrapper(io.BytesIO(), "utf-8")
        typed = io.StringIO(given) if given else sys.stdin
        with _variable("PORTICO_PROFILE_DIR", str(self.profile)), unittest.mock.patch.object(sys, "stdin", typed):
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                answered = run([str(argument) for argument in arguments])
            printed.flush()
        text = printed.buffer.getvalue().decode()  # type: ignore[attr-defined]
        assert answered == code, text
        return str(text)

    def with_profile_for(self, principal: str, folder: Path) -> Person:
        """Another person of the account, whose profile this one makes in a new folder."""
        self.portico("cert", "create", "--subject", principal, "--folder", folder)
        return Person(self.platform, folder)


@contextlib.contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
