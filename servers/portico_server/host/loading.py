"""The application that a process of the platform serves: PORTICO_APPLICATION names it, `package.module:attribute`."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

VARIABLE = "PORTICO_APPLICATION"


def load_application() -> Any:
    """Raises ImportError or AttributeError."""
    module, _, attribute = os.environ[VARIABLE].partition(":")
    return getattr(import_module(module), attribute)
