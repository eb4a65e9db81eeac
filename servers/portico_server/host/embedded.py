"""What Envoy hosts: it makes the interpreter an ordinary one, then loads the application that PORTICO_APPLICATION names
(`package.module:attribute`). The application need not know that it is embedded.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from portico_server.host.embedding import leave_embedding
from portico_server.host.start_failure import telling


def load(name: str) -> Any:
    """Raises ImportError or AttributeError."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


leave_embedding()
with telling(Path.cwd()):  # Envoy runs in the run folder
    app = load(os.environ["PORTICO_APPLICATION"])
