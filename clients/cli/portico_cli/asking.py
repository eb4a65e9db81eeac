"""Questions before what nothing brings back."""

from __future__ import annotations

import sys

import click


def confirm(question: str, refusal: str) -> None:
    """Asks whoever sits there. Raises click.UsageError with `refusal` where nobody does, click.Abort where they say
    no."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError(f"{refusal}, and nobody is here to be asked: give --yes, too")
    click.confirm(question, abort=True, err=True)
