"""What goes wrong with backups, in words for whoever runs them."""

from __future__ import annotations


class BackupError(Exception):
    """A backup cannot be made, read or restored; the message says why and what to do. Nothing was changed."""


class NotThere(BackupError):
    """There is nothing by the name that was given: no backup, or no platform to back up."""
