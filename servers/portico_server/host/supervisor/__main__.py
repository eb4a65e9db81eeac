"""The supervisor as a program of its own: `python -m portico_server.host.supervisor --data DIR --listen HOST:PORT`.

Every setting is an option. It prints one line of JSON for each announcement. The command `portico up` is the same for
people.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from portico_server.host.supervisor.announcement import Announcement
from portico_server.host.supervisor.commands import APPLICATION, up
from portico_server.platform import settings as platform_settings
from portico_server.platform.started import Origins


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, help="portico.toml")
    parser.add_argument("--application", default=APPLICATION, help="what Envoy hosts: MODULE:ATTRIBUTE")
    parser.add_argument(
        "--settings-from-input", action="store_true", help="read all settings as JSON from standard input"
    )
    parser.add_argument("--origins", metavar="JSON", help="where the settings that are read so come from")
    parser.add_argument("--report", type=int, metavar="DESCRIPTOR", help="announce to this open file descriptor")
    for name in platform_settings.setting_names():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="VALUE")
    arguments = parser.parse_args()
    try:
        settings = _settings(arguments)
    except platform_settings.SettingError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.report is not None:
        os.set_inheritable(arguments.report, False)
    report = sys.stdout.fileno() if arguments.report is None else arguments.report
    origins = Origins.from_json(arguments.origins) if arguments.origins else None
    return up(settings, detach=False, announce=_Reporter(report), application=arguments.application, origins=origins)


def _settings(arguments: argparse.Namespace) -> platform_settings.Settings:
    if arguments.settings_from_input:
        return platform_settings.from_json(sys.stdin.read())
    flags = {name: getattr(arguments, name) for name in platform_settings.setting_names()}
    return platform_settings.load(flags, config=arguments.config)


class _Reporter:
    """Prints announcements, for as long as somebody reads them. Nothing is buffered: what nobody read would be written
    again, and fail again, at the end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __call__(self, announcement: Announcement) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self._descriptor, f"{announcement.to_json()}\n".encode())


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # at once: all is stopped, and to take modules apart takes as long as to import half of them
