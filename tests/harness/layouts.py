"""How the platforms of the tests are spread over processes: the same tests hold in each layout.

`PORTICO_TEST_LAYOUT=apart ./portico test tests/e2e` runs them in another layout than the default. Every platform that a
test starts has it, unless the test itself says how its platform is spread. What cannot hold in a layout says so:

    @pytest.mark.layouts("one", "plain", reason="workers are killed one by one")
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.harness.postgresql import end_shared_server, fresh_database, shared_server

VARIABLE = "PORTICO_TEST_LAYOUT"
LAYOUTS = ("one", "apart", "workers", "plain")
"""All in one process; each product in a process of its own; three workers on PostgreSQL; the plain host."""
WORKERS = 3
_SPREADING = frozenset(("processes", "workers", "peers", "host", "database"))
"""Settings that say how a platform is spread."""

_TESTING = frozenset(("tests.testing_product.product", "tests.testing_product.faced"))

SPREADS_ITSELF = pytest.mark.layouts("one", reason="it says itself how its platforms are spread")
BY_COMMAND = pytest.mark.layouts("one", reason="the command line starts its platforms")

_databases: dict[Path, str] = {}


def layout() -> str:
    """The layout of this run. Raises ValueError."""
    name = os.environ.get(VARIABLE, LAYOUTS[0])
    if name not in LAYOUTS:
        raise ValueError(f"{VARIABLE} is {name!r}: give one of {', '.join(LAYOUTS)}")
    return name


def spread(data: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of this run's layout for a platform in that folder, for which a test wants these settings. One that
    starts there again finds its database."""
    if _SPREADING & settings.keys():
        return {}
    testing = bool(_TESTING & set(settings.get("extra_products", ())))
    return _settings_of(layout(), data, testing=testing, only=settings.get("only", ()))


@contextlib.contextmanager
def layout_settings(name: str) -> Iterator[dict[str, Any]]:
    """The settings of a layout with the testing product, and what they need, as long as the context lasts."""
    if name == "workers":
        with shared_server() as server:
            yield {"workers": WORKERS, "database": fresh_database(server)}
    else:
        yield _settings_of(name, Path(), testing=True)


def skip_where_it_cannot_hold(item: pytest.Item) -> None:
    """Skips a test that is marked for other layouts than this run's."""
    for mark in item.iter_markers("layouts"):
        unknown = set(mark.args) - set(LAYOUTS)
        assert not unknown, f"{item.nodeid}: there is no layout {', '.join(unknown)}"
        if layout() not in mark.args:
            pytest.skip(f"not in the layout {layout()}: {mark.kwargs['reason']}")


def close() -> None:
    """Ends what the platforms of this run needed."""
    end_shared_server()


def _settings_of(name: str, data: Path, *, testing: bool, only: Sequence[str] = ()) -> dict[str, Any]:
    if name == "apart":
        apart = ("access", "objects", *(("testing",) if testing else ()))
        return {"processes": tuple(product for product in apart if not only or product in only)}
    if name == "workers":
        return {"workers": WORKERS, "database": _database_of(data)}
    return {"host": "plain"} if name == "plain" else {}


def _database_of(data: Path) -> str:
    if data not in _databases:
        with shared_server() as server:
            _databases[data] = fresh_database(server)
    return _databases[data]
