"""The platform's application in a hurry, with the fault that the environment names."""

from __future__ import annotations

import os

from tests.faults.kills.faults import FAULT, FAULTS

FAULTS[os.environ[FAULT]]()

from tests.faults.kills.hurried import app  # noqa: E402 - after what it is built of

__all__ = ["app"]
