"""Command lines run in this process against a small platform."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from portico_cli.main import run
from tests.unit.sdk.conftest import fake

__all__ = ["fake"]


@dataclass(frozen=True)
class Outcome:
    """What a command line answered."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


Portico = Callable[..., Outcome]


@pytest.fixture
def portico(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Portico:
    """Runs `portico ARGUMENTS`; `given` is its standard input, or what somebody types at a `terminal`."""

    def call(*arguments: object, given: bytes = b"", terminal: bool = False) -> Outcome:
        monkeypatch.setattr(sys, "stdin", (_Terminal if terminal else io.TextIOWrapper)(io.BytesIO(given)))
        code = run([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        return Outcome(code, captured.out.decode(errors="surrogateescape"), captured.err.decode())

    return call
