"""What a data directory gets on its first start, and the checks of one that is there."""

from __future__ import annotations

from pathlib import Path

from portico_server.host.supervisor.announcement import StartError
from portico_server.platform.backup.data_folder import RESTORING
from portico_server.platform.private_files import make_private_folder
from portico_server.platform.reserve import make_room_to_start


def prepare(data: Path) -> bool:
    """Makes the data directory and what belongs in it; answers whether it is new. Raises StartError."""
    if (data / RESTORING).exists():
        raise StartError(
            f"A restore into {data} was cut short. Do it again: portico restore BACKUP --data {data}; "
            f"or remove {data / RESTORING} if there is nothing else."
        )
    new = not (data / "keys").exists()
    make_room_to_start(data)
    make_folders(data, "run", "logs")
    return new


def make_folders(data: Path, *names: str) -> None:
    """Makes the data directory and folders in it. Raises StartError."""
    try:
        for folder in (data, *(data / name for name in names)):
            make_private_folder(folder)
    except OSError as error:
        raise StartError(
            f"Cannot use {data} as data directory: {error.strerror}. Choose another with --data."
        ) from error
