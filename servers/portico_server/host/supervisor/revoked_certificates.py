"""The serial numbers of revoked certificates, as the gateway's log of revocations has them: what handshakes are to
refuse."""

from __future__ import annotations

import time
from pathlib import Path

from portico_server.platform.revocations import FILE, of_line


class RevokedCertificates:
    """Of the log in a folder of keys. What others append to it is seen at the next look."""

    def __init__(self, keys: Path) -> None:
        self._path = keys / FILE
        self._stamp: object = None
        self._until: dict[int, int] = {}  # serial number to the second when it is forgotten

    def look(self) -> bool:
        """Takes in what is new; whether there may be any. Raises OSError; ValueError, which names the file."""
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return False
        self._until = self._read()
        self._stamp = stamp
        return True

    def serial_numbers(self) -> list[int]:
        """Of the certificates that are revoked and have not expired by themselves."""
        now = time.time()
        return [number for number, until in self._until.items() if until > now]

    def _read(self) -> dict[int, int]:
        found: dict[int, int] = {}
        try:
            lines = self._path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return found
        for line in lines:
            if not line.endswith(b"\n"):  # it is being appended, or was cut short by a crash
                break
            try:
                revocation = of_line(line)
                if revocation.listed_serial:
                    found[int(revocation.listed_serial, 16)] = revocation.expires_at
            except ValueError as error:
                raise ValueError(f"{self._path} holds a line that is no revocation: {error}") from error
        return found

    def _stamp_now(self) -> object:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return "none"
        return found.st_mtime_ns, found.st_size, found.st_ino
