"""What is wrong with a platform that runs, though it goes on: a changed file that cannot be used, so that the former is
in force; something that cannot be renewed."""

from __future__ import annotations

import json
from collections.abc import Callable

from portico_server.host.supervisor.state import State
from portico_server.platform import reserve
from portico_server.platform.issuers import IN_FORCE
from portico_server.platform.problems import read_problems
from portico_server.platform.settings import Settings

ISSUERS = "issuers"


class Problems:
    """Those that the supervisor has itself. `record` is told of each once, and once when it is over; `changed` then."""

    def __init__(self, record: Callable[[str], None], changed: Callable[[], None]) -> None:
        self._record = record
        self._changed = changed
        self.found: dict[str, str] = {}
        """By what is at fault, a sentence each."""

    def tell(self, name: str, problem: str) -> None:
        """That there is this problem; empty: there is none any more."""
        if problem == self.found.get(name, ""):
            return
        if problem:
            self.found[name] = problem
            self._record(f"{name}: {problem}")
        else:
            del self.found[name]
            self._record(f"{name}: mended")
        self._changed()


def all_problems(settings: Settings, state: State) -> dict[str, str]:
    """Those of a platform that runs: the supervisor's, those with further issuers, those of each process."""
    found = dict(state.problems)
    if issuers := _of_issuers(settings):
        found[ISSUERS] = issuers
    if full := reserve.problem(settings.data):
        found["reserve"] = full
    for process in state.processes:
        for name, problem in read_problems(settings.run / process.name).items():
            found.setdefault(name, problem)
    return found


def _of_issuers(settings: Settings) -> str:
    try:
        return "; ".join(json.loads((settings.run / IN_FORCE).read_bytes())["problems"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
