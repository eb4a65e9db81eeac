"""With which settings a platform was started, and which of them its portico.toml has otherwise since.

Nothing takes settings anew but a start: processes that are replaced get those of before. So what has changed waits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from portico_server.platform.private_files import replace_file
from portico_server.platform.settings import SettingError, Settings, from_json, load, setting_names

STARTED_FILE = "started.json"
"""In the platform's run folder."""
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the settings of a start come from. `file`: the portico.toml that was read, or would have been if it were
    there; `of`: for each setting `option`, a variable's name, the file's path, or `default`."""

    file: Path
    of: Mapping[str, str]

    def to_json(self) -> str:
        return json.dumps({"file": str(self.file), "of": dict(self.of)})

    @classmethod
    def from_json(cls, text: str) -> Origins:
        """Raises ValueError, KeyError."""
        given = json.loads(text)
        return cls(Path(given["file"]), given["of"])


class Waits(NamedTuple):
    """A setting that is to be another one: as the platform was started with it, and as the next start would take it."""

    in_force: Any
    wanted: Any


def note(settings: Settings, origins: Origins | None) -> None:
    """Keeps with what a platform is started, as it was asked for: ports may be 0. Raises OSError."""
    content = {"settings": settings.to_json(), "origins": origins.to_json() if origins is not None else None}
    replace_file(settings.run / STARTED_FILE, json.dumps(content).encode())


def origins_of(run: Path) -> Origins | None:
    """Where the settings of the platform that was started last come from; None where nobody knows."""
    found = _read(run)
    return found[1] if found is not None else None


def waiting(run: Path) -> dict[str, Waits]:
    """What portico.toml has otherwise than when the platform was started, by setting, but for what an option or a
    variable has said. Raises SettingError for a file that cannot be used."""
    found = _read(run)
    if found is None:
        return {}
    settings, origins = found
    file = origins.file
    usual = settings.data / "portico.toml"
    named = file if file != usual or file.exists() else None
    wanted = load({"data": settings.data}, {}, named)
    ours = [name for name in setting_names() if origins.of.get(name) in (str(file), DEFAULT) and name != "data"]
    return {
        name: Waits(getattr(settings, name), getattr(wanted, name))
        for name in ours
        if getattr(settings, name) != getattr(wanted, name)
    }


def _read(run: Path) -> tuple[Settings, Origins] | None:
    try:
        content = json.loads((run / STARTED_FILE).read_text())
        return from_json(content["settings"]), Origins.from_json(content["origins"])
    except (OSError, ValueError, KeyError, TypeError, SettingError):
        return None
