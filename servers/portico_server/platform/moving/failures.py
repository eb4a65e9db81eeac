"""What goes wrong when state is moved, in words for whoever moves it."""

from __future__ import annotations


class MoveError(Exception):
    """State cannot be moved; the message says why and what to do. The target is as it was."""
