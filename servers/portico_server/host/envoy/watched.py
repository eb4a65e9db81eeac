"""Configuration that changes while Envoy runs: files in one watched folder, replaced by rename.

Envoy reads such a file again as soon as it is renamed into place; no connection is dropped. The listener itself must
never change at run time, because that would start a second application.
"""

from __future__ import annotations

import json
from pathlib import Path

from portico_server.host.envoy.message import Message
from portico_server.platform.private_files import make_private_folder, replace_file

FOLDER = "watched"
"""In the platform's run folder."""


class WatchedFiles:
    """The watched folder, one file a resource."""

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self._folder = folder

    def write(self, name: str, resource: Message) -> None:
        """Puts the resource in force. It may hold secrets: the file is its owner's only."""
        replace_file(self._folder / f"{name}.json", json.dumps({"resources": [resource]}).encode())

    def source(self, name: str) -> Message:
        """A `ConfigSource` that reads the resource from its file."""
        path = {"path": str(self._folder / f"{name}.json"), "watched_directory": {"path": str(self._folder)}}
        return {"resource_api_version": "V3", "path_config_source": path}
