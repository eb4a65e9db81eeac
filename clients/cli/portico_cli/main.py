"""The entry point: runs a command and turns whatever it raises into a message of a line or two and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from portico_cli.root import portico


def main() -> None:
    """The `portico` script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command line; answers the exit code (see `portico_cli.failures`)."""
    state: dict[str, Any] = {}
    try:
        outcome = portico.main(list(arguments), prog_name="portico", standalone_mode=False, obj=state)
        sys.stdout.flush()
        return outcome if isinstance(outcome, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 130
    except BrokenPipeError:  # the reader of our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if os.environ.get("PORTICO_DEBUG"):
            raise
        from portico_cli.failures import report

        return report(error, as_json=state.get("output") == "json")


if __name__ == "__main__":
    main()
