"""Why a process could not start, in a sentence, from it to the supervisor: the file `failed` in its run folder.

The process's log has the same with all that a developer needs; whoever typed `portico up` needs what is wrong and what
to do about it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from portico_server.host.run_folder import FAILURE_FILE
from portico_server.platform.database.interface import DatabaseError
from portico_server.platform.methods import ContractError
from portico_server.platform.private_files import replace_file
from portico_server.platform.settings import SettingError

_FOR_PEOPLE = (SettingError, ContractError, DatabaseError)
_MAX_CHARACTERS = 1_000


@contextlib.contextmanager
def telling(run: Path, *for_people: type[Exception]) -> Iterator[None]:
    """Writes down what is raised within, and lets it go on. `for_people` are exceptions, besides the platform's own,
    whose message is a sentence that needs nothing added."""
    try:
        yield
    except Exception as error:
        with contextlib.suppress(OSError):
            replace_file(run / FAILURE_FILE, _sentence(error, (*_FOR_PEOPLE, *for_people)).encode(errors="replace"))
        raise


def told(run: Path) -> str:
    """What was written down; empty where nothing was."""
    try:
        return (run / FAILURE_FILE).read_text(errors="replace")
    except OSError:
        return ""


def _sentence(error: Exception, for_people: tuple[type[Exception], ...]) -> str:
    words = " ".join(str(error).split())[:_MAX_CHARACTERS]
    return words if isinstance(error, for_people) else f"{type(error).__name__}: {words}"
