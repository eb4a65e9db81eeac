"""How a platform of tests is spread over processes: the same tests hold in each layout.

`PORTICO_TEST_LAYOUT=apart ./portico test tests/e2e` runs the tests that share a platform on another layout than the
default.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from tests.harness.postgresql import fresh_database, postgresql_server

VARIABLE = "PORTICO_TEST_LAYOUT"
LAYOUTS = ("one", "apart", "workers", "plain")
"""All in one process; each product in a process of its own; three workers on PostgreSQL; the plain host."""
WORKERS = 3


@contextlib.contextmanager
def layout_settings(name: str | None = None) -> Iterator[dict[str, Any]]:
    """The settings of a layout with the testing product, and what they need, as long as the context lasts."""
    name = name or os.environ.get(VARIABLE, LAYOUTS[0])
    if name == "one":
        yield {}
    elif name == "apart":
        yield {"processes": ("objects", "testing")}
    elif name == "workers":
        with postgresql_server() as server:
            yield {"workers": WORKERS, "database": fresh_database(server)}
    elif name == "plain":
        yield {"host": "plain"}
    else:
        raise ValueError(f"{VARIABLE} is {name!r}: give one of {', '.join(LAYOUTS)}")
