"""What Envoy hosts: it makes the interpreter an ordinary one, then loads the application that PORTICO_APPLICATION names
(`package.module:attribute`). The application need not know that it is embedded.
"""

from __future__ import annotations

from pathlib import Path

from portico_server.host.embedding import leave_embedding
from portico_server.host.loading import load_application
from portico_server.host.start_failure import telling

leave_embedding()
with telling(Path.cwd()):  # Envoy runs in the run folder
    app = load_application()
