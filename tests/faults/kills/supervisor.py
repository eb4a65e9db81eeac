"""The supervisor, which starts again at once what died, however often that happens."""

from __future__ import annotations

import sys

from portico_server.host.supervisor import backoff

backoff.LONGEST_SECONDS = backoff.FIRST_SECONDS

from portico_server.host.supervisor.__main__ import main  # noqa: E402 - with that changed

if __name__ == "__main__":
    sys.exit(main())
