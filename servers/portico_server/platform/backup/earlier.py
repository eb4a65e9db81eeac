"""An earlier backup, from which the next one takes over the blobs that both have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from portico_server.platform.backup import manifest
from portico_server.platform.backup.failures import BackupError
from portico_server.platform.backup.sealing import Sealer
from portico_server.platform.backup.verifying import opened_sealer


class Earlier:
    """Asked in the order of paths, which is that of its own list: so neither is held in memory."""

    def __init__(self, folder: Path, sealer: Sealer | None) -> None:
        self.folder = folder
        self.sealer = sealer
        self._blobs = self._listed()
        self._next: tuple[str, str] | None = next(self._blobs, None)

    @classmethod
    def opened(cls, folder: Path, passphrase: bytes | None) -> Earlier:
        """Raises BackupError for one that cannot be read, and where one is encrypted and the other is not to be."""
        described, content = manifest.read(folder)
        if described.encryption is None and passphrase is not None:
            raise BackupError(f"{folder} is not encrypted, so nothing of it can be used: leave out --since")
        return cls(folder, opened_sealer(folder, described, content, passphrase))

    def digest_of(self, path: str) -> str | None:
        """The SHA-256 of a blob's member, if it is there. Paths must be asked for in order."""
        while self._next is not None and self._next[0] < path:
            self._next = next(self._blobs, None)
        return self._next[1] if self._next is not None and self._next[0] == path else None

    def _listed(self) -> Iterator[tuple[str, str]]:
        return (entry for entry in manifest.members(self.folder) if entry[0].startswith("blobs/"))
