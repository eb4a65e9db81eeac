"""The port of a door: taken for this platform alone, and who has it if it is taken."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Set
from pathlib import Path

from portico_server.host.supervisor.announcement import StartError

_ESTABLISHED, _LISTENING = "01", "0A"  # in /proc/net/tcp


class ReservedPort:
    """A port, held from `__init__` to `close` by a socket that is bound and never listens.

    It is bound alone first: Envoy listens with SO_REUSEPORT, by which a second program would silently get a share of
    the calls. Then sharing is allowed, for Envoy (and for the one that follows when it dies) and no other user's
    program.
    """

    def __init__(self, host: str, port: int, option: str = "--listen") -> None:
        """Port 0: the system chooses. `option` of `portico up` gives another address. Raises StartError."""
        family, address = _resolve(host, port)
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A second supervisor's bind would succeed while nobody listens yet; so the address is claimed by a name, too.
        self._claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(address)
            self.address: str = self._socket.getsockname()[0]
            self.port: int = self._socket.getsockname()[1]
            self._claim.bind(f"\0portico/{self}")  # an abstract name: gone with this process
        except OSError as error:
            self.close()
            raise StartError(_refusal(host, port, option, error)) from error
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

    def __str__(self) -> str:
        """As clients are given it: HOST:PORT."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    def close(self) -> None:
        self._claim.close()
        self._socket.close()


def holder_of(port: int) -> str:
    """Who listens on a port, for people; empty where that cannot be seen (another user's process)."""
    inodes = _inodes(_LISTENING, {port})
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may end while it is looked at
            if any(_readlink(link) in inodes for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                return f"process {process.name} ({command.strip()[:100]})"
    return ""


def _readlink(link: Path) -> str:
    """Empty where the link is gone."""
    try:
        return os.readlink(link)
    except OSError:
        return ""


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise StartError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Give an address of this machine."
        ) from error
    return family, (str(address[0]), int(address[1]))


def _refusal(host: str, port: int, option: str, error: OSError) -> str:
    where = f"{host}:{port}"
    option = option if option.endswith("=") else f"{option} "
    if error.errno == errno.EADDRINUSE:
        return (
            f"{where} is taken by {holder_of(port) or 'another platform, or another user'}. "
            f"Stop it, or choose another address: portico up {option}{host}:{port + 1 if port < 65535 else 8443}"
        )
    if error.errno == errno.EACCES:
        return f"Ports below 1024 are the administrator's: {where}. Choose another: portico up {option}{host}:8443"
    return (
        f"Cannot listen on {where}: {error.strerror}. Give an address of this machine: portico up {option}127.0.0.1:0"
    )


def connections_of(pid: int, ports: Set[int]) -> int:
    """How many connections that came in at these ports a process has open."""
    inodes = _inodes(_ESTABLISHED, ports)
    count = 0
    with contextlib.suppress(OSError):
        for link in Path("/proc", str(pid), "fd").iterdir():
            with contextlib.suppress(OSError):
                count += os.readlink(link) in inodes
    return count


def _inodes(state: str, ports: Set[int]) -> set[str]:
    """Sockets of this machine in that state whose own port is one of these, as /proc/PID/fd names them."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == state and int(fields[1].rpartition(":")[2], 16) in ports:
                    inodes.add(f"socket:[{fields[9]}]")
    return inodes
