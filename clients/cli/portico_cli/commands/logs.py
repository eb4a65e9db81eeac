"""`portico logs`: what the processes of a platform here wrote."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import click

from portico_cli.failures import NOT_FOUND
from portico_cli.settings import settings_of_running, settings_options

_POLL_SECONDS = 0.2


@click.command()
@settings_options()
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now on; Ctrl-C ends.")
@click.option("-n", "--lines", type=click.IntRange(min=0), default=50, show_default=True, help="Last lines of each.")
@click.argument("process", required=False)
def logs(follow: bool, lines: int, process: str | None, **flags: Any) -> int:
    """Show the logs of a platform's processes, or of one PROCESS (supervisor, front, front-2, a product).

    \b
    Examples:
      portico logs
      portico logs front -f
      portico logs --data ./data -n 500
    """
    folder = settings_of_running(flags).data / "logs"
    files = sorted(folder.glob(f"{process or '*'}.log"))
    if not files:
        click.echo(f"portico: there are no logs{f' of {process}' if process else ''} in {folder}", err=True)
        return NOT_FOUND
    positions: dict[Path, int] = {}
    for file in files:
        for line in _new_lines(file, positions)[-lines or None :] if lines else ():
            _print(line, file, many=len(files) > 1)
    while follow:
        time.sleep(_POLL_SECONDS)
        for file in files:
            for line in _new_lines(file, positions):
                _print(line, file, many=len(files) > 1)
    return 0


def _new_lines(file: Path, positions: dict[Path, int]) -> list[str]:
    """The whole lines behind those that were read before; from the begin of a file that was begun anew."""
    with file.open("rb") as opened:
        position = positions.get(file, 0)
        if position > os.fstat(opened.fileno()).st_size:
            position = 0
        opened.seek(position)
        whole, newline, _ = opened.read().rpartition(b"\n")
    positions[file] = position + len(whole) + len(newline)
    return whole.decode(errors="replace").split("\n") if newline else []


def _print(line: str, file: Path, *, many: bool) -> None:
    click.echo(f"{file.stem}: {line}" if many else line)
