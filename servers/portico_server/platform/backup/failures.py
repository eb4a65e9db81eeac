"""What goes wrong with backups, in words for whoever runs them."""

from __future__ import annotations


class BackupError(Exception):
    """A backup cannot be made, read or restored; the message says why and what to do. Nothing was changed."""
