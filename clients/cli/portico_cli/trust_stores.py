"""Where programs of this machine look for the authorities that they trust: the system's store, and NSS's (browsers)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 60
_SYSTEMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/usr/local/share/ca-certificates", ("update-ca-certificates",)),  # Debian, Ubuntu, Alpine
    ("/etc/pki/ca-trust/source/anchors", ("update-ca-trust", "extract")),  # Fedora, RHEL
    ("/etc/ca-certificates/trust-source/anchors", ("trust", "extract-compat")),  # Arch
)


class TrustError(Exception):
    """A store cannot be changed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done: a file that is written (`content`) or removed (None), or a command that is run."""

    file: Path | None = None
    content: bytes | None = None
    command: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.file is not None:
            return f"write {self.file}" if self.content is not None else f"remove {self.file}"
        return f"run {' '.join(self.command)}"

    def do(self) -> None:
        """Raises TrustError."""
        try:
            if self.file is not None:
                _put(self.file, self.content)
            else:
                subprocess.run(self.command, check=True, capture_output=True, text=True, timeout=_SECONDS)
        except PermissionError as error:
            raise TrustError(f"{self}: only root may: sudo env PORTICO_PROFILE_DIR=… portico trust") from error
        except subprocess.CalledProcessError as error:
            raise TrustError(f"{self}: {(error.stderr or error.stdout).strip()}") from error
        except (OSError, subprocess.SubprocessError) as error:
            raise TrustError(f"{self}: {error}") from error


def system_steps(name: str, certificate: bytes | None) -> list[Step]:
    """What puts a certificate (PEM) into the system's store, or takes it out. Raises TrustError where there is none."""
    for folder, command in _SYSTEMS:
        if Path(folder).is_dir() and shutil.which(command[0]):
            file = Path(folder) / f"{name}.crt"
            if certificate is None and not file.exists():
                return []
            return [Step(file=file, content=certificate), Step(command=command)]
    raise TrustError("no store of this system is known: use --export, and its own tools")


def nss_folders() -> list[Path]:
    """The NSS databases of this user: the shared one (Chromium), and those of Firefox's profiles."""
    home = Path.home()
    firefox = sorted(path.parent for path in home.glob(".mozilla/firefox/*/cert9.db"))
    return [home / ".pki" / "nssdb", *firefox]


def nss_steps(name: str, certificate: Path, folders: Sequence[Path], *, remove: bool) -> list[Step]:
    """The same for NSS databases; the shared one is made if there is none. Raises TrustError without `certutil`."""
    if shutil.which("certutil") is None:
        raise TrustError("there is no certutil: install it (Debian: apt install libnss3-tools)")
    steps = []
    for folder in folders:
        database = f"sql:{folder}"
        there = (folder / "cert9.db").exists()
        if remove:
            if there and _knows(database, name):
                steps.append(Step(command=("certutil", "-D", "-d", database, "-n", name)))
            continue
        if not there:
            steps.append(Step(command=("mkdir", "-p", "-m", "700", str(folder))))
            steps.append(Step(command=("certutil", "-N", "-d", database, "--empty-password")))
        elif _knows(database, name):  # of a platform of before: it would stay beside the new one
            steps.append(Step(command=("certutil", "-D", "-d", database, "-n", name)))
        steps.append(Step(command=("certutil", "-A", "-d", database, "-n", name, "-t", "C,,", "-i", str(certificate))))
    return steps


def _knows(database: str, name: str) -> bool:
    found = subprocess.run(
        ["certutil", "-L", "-d", database, "-n", name], capture_output=True, timeout=_SECONDS, check=False
    )
    return found.returncode == 0


def _put(file: Path, content: bytes | None) -> None:
    if content is None:
        file.unlink()
        return
    beside = file.with_name(f".{file.name}.new")
    beside.write_bytes(content)
    beside.chmod(0o644)
    os.replace(beside, file)
