"""Which product is served where, as one process of the platform sees it.

A platform is one process, the front, unless its settings say otherwise: `processes` names products that get a process
of their own, `workers` is how many fronts share the doors, `peers` names products that other nodes serve. A product is
told by the package of its contracts: `portico.PRODUCT.v1`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portico_server.platform.limits import SERVING_PROCESSES
from portico_server.platform.settings import SettingError, Settings
from portico_server.platform.settings_rules import address

FRONT = "front"
"""The process behind the doors; with several workers `front`, `front-2`, `front-3` and on."""

ALWAYS_IN_FRONT = "gateway"
"""The gateway's own contracts are served by every front."""

_PACKAGE = "portico"


@dataclass(frozen=True, slots=True)
class Here:
    """In the process that asks."""


@dataclass(frozen=True, slots=True)
class Process:
    """In another process of this platform, at the socket `door.sock` of its run folder."""

    name: str


@dataclass(frozen=True, slots=True)
class Nodes:
    """At the mesh door of other nodes, or of this one, over TLS with node certificates: any of these (host, port)."""

    addresses: tuple[tuple[str, int], ...]


Place = Here | Process | Nodes


def product_of(service: str) -> str:
    """The product that a service (full name) belongs to; empty for a foreign contract, which every process serves."""
    package, _, rest = service.partition(".")
    product, dot, _ = rest.partition(".")
    return product if package == _PACKAGE and dot else ""


class Placement:
    """Where the products are, as seen by the process of this name. Raises SettingError where settings contradict one
    another."""

    def __init__(self, settings: Settings, process: str = FRONT) -> None:
        _check(settings)
        self.process = process
        self._apart = frozenset(settings.processes)
        self._peers = _peers(settings.peers)
        mesh = settings.mesh_address
        self._front = Nodes((_reachable(mesh),) if mesh else ())

    @property
    def is_front(self) -> bool:
        return self.process not in self._apart

    def of_product(self, product: str) -> Place:
        """Where a product is served."""
        if product == self.process or product in ("", ALWAYS_IN_FRONT):
            return Here()
        if product in self._apart:
            return Process(product)
        if product in self._peers:
            return Nodes(self._peers[product])
        return Here() if self.is_front else self._front

    def of_service(self, service: str) -> Place:
        """Where a service is served, by its full name."""
        return self.of_product(product_of(service))

    def elsewhere(self) -> dict[str, Place]:
        """The products that have a process of their own or are other nodes', and are not served by this process."""
        return {
            product: place
            for product in sorted({*self._apart, *self._peers})
            if not isinstance(place := self.of_product(product), Here)
        }

    def check_products(self, names: Iterable[str]) -> None:
        """Raises SettingError where the settings place a product that there is not."""
        known = sorted(names)
        for setting, placed in (("processes", self._apart), ("peers", self._peers)):
            if unknown := sorted(set(placed) - set(known)):
                raise SettingError(f"the setting `{setting}` names {unknown[0]!r}; the products are {', '.join(known)}")


def fronts(settings: Settings) -> list[str]:
    """The names of the processes behind the doors."""
    return [FRONT, *(f"{FRONT}-{number}" for number in range(2, settings.workers + 1))]


def process_names(settings: Settings) -> list[str]:
    """The names of all processes that serve: the fronts, and those of products."""
    return [*fronts(settings), *settings.processes]


def _check(settings: Settings) -> None:
    if settings.workers > 1 and settings.database == "sqlite":
        raise SettingError(
            f"workers is {settings.workers}, but with SQLite one process serves a product: "
            "leave workers at 1, or set database to a PostgreSQL server (postgresql://user@host/name)"
        )
    if len(set(process_names(settings))) > SERVING_PROCESSES:
        raise SettingError(
            f"workers is {settings.workers} and `processes` names {len(set(settings.processes))} products: together "
            f"they may be {SERVING_PROCESSES}; set fewer workers, or take products out of `processes`"
        )
    apart, peers = set(settings.processes), set(_peers(settings.peers))
    for product in (FRONT, ALWAYS_IN_FRONT):
        if product in apart | peers:
            raise SettingError(f"{product!r} cannot be placed elsewhere: every front serves the gateway's own methods")
    if both := sorted(apart & peers):
        raise SettingError(
            f"{both[0]!r} is in `processes` and in `peers`: a product is served by this node or by others"
        )
    if settings.only and (both := sorted(peers & set(settings.only))):
        raise SettingError(f"{both[0]!r} is in `only` and in `peers`: a product is served by this node or by others")
    if settings.only and (unserved := sorted(apart - set(settings.only))):
        raise SettingError(f"{unserved[0]!r} is in `processes` and not in `only`: add it there, or leave it out here")


def _peers(values: Iterable[str]) -> dict[str, tuple[tuple[str, int], ...]]:
    """PRODUCT=HOST:PORT, several of one product being nodes that serve it alike."""
    found: dict[str, tuple[tuple[str, int], ...]] = {}
    for value in values:
        product, _, where = value.partition("=")
        found[product] = (*found.get(product, ()), address(where))
    return found


def _reachable(listens: tuple[str, int]) -> tuple[str, int]:
    """What to connect to for a process that listens there."""
    host, port = listens
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 - nothing is bound
