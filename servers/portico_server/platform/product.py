"""What a product is to the rest of the house."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any, Protocol

from google.protobuf import descriptor

from portico_server.platform.access.revision import CatchUp
from portico_server.platform.access_keys import NO_ACCESS_KEYS, AccessKeys
from portico_server.platform.blobs import Blobs
from portico_server.platform.call import Call
from portico_server.platform.clients import Clients
from portico_server.platform.clock import Clock
from portico_server.platform.database import Database
from portico_server.platform.errors import ErrorTable
from portico_server.platform.faces import Face
from portico_server.platform.keyring.sealing import Sealing
from portico_server.platform.mesh import UNCONNECTED, Mesh
from portico_server.platform.methods import Method, door_of
from portico_server.platform.paging import PageTokens
from portico_server.platform.settings import Settings


class Databases(Protocol):
    """Opens products' databases."""

    async def open(self, product: str, migrations: Traversable) -> Database:
        """The product's database, migrated to the newest format. The platform closes it."""
        ...


def _no_sealing(product: str) -> Sealing:
    raise RuntimeError("this platform has no keyring")


@dataclass(frozen=True, slots=True)
class Platform:
    """What a product is given to stand on."""

    settings: Settings
    clock: Clock
    random: random.Random
    page_tokens: PageTokens
    databases: Databases
    blobs: Callable[[str], Awaitable[Blobs]]
    """The product's own store of bytes, by its name."""
    mesh: Mesh = UNCONNECTED
    """How it calls other products."""
    sealing: Callable[[str], Sealing] = _no_sealing
    """Seals what the product must be able to read again, by its name."""
    access_keys: AccessKeys = NO_ACCESS_KEYS
    """By which callers sign: who they are, and the secrets to verify it by."""
    methods: Mapping[str, Method] = field(default_factory=dict)
    """All that the platform serves, of all products, by path: what they ask of their callers."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work in the background, run once at a time over all processes, under a lease row in the product's database."""

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[None]]
    database: Database


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value that Prometheus reads of each process; `name` is without the prefix `portico_`."""

    name: str
    description: str
    read: Callable[[], float]


class OperationsBackend(Protocol):
    """A product's long-running operations, behind the one shared `google.longrunning.Operations` service."""

    async def get(self, name: str) -> Any: ...
    async def list(self, page_size: int, page_token: str) -> tuple[Sequence[Any], str]: ...
    async def cancel(self, name: str) -> None: ...
    async def delete(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Running:
    """A product that has started: how to add its servicers to a server, its jobs, its operations."""

    servicers: Sequence[tuple[Callable[[Any, Any], None], Any]]
    """Pairs of a generated `add_XServicer_to_server` and the servicer."""
    jobs: Sequence[Job] = ()
    operations: OperationsBackend | None = None
    clients: Clients | None = None
    """Knows programs by their secrets, for the OAuth 2.0 endpoints of the process that serves the product."""
    catch_up_policies: CatchUp | None = None
    """Of the product that keeps policies: for calls that name a revision that has not come to this machine yet."""
    faces: Sequence[Face] = ()
    """What it speaks besides gRPC, at the doors that its contract names."""
    gauges: Sequence[Gauge] = ()
    problems: Callable[[], Mapping[str, str]] = dict
    """What is wrong, though it goes on, by what is at fault: for `portico status` and `portico doctor`."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product: its name, the files of its contract, its errors, what must start before it, and how it runs.

    `run(platform)` is an async context manager: it starts the product, yields what `Running` says, and stops it.
    """

    name: str
    contracts: Sequence[descriptor.FileDescriptor]
    run: Callable[[Platform], AbstractAsyncContextManager[Running]]
    errors: ErrorTable = field(default_factory=dict)
    requires: Sequence[str] = ()
    keeps_policies: bool = False
    """It keeps the policies of accounts, by which calls are decided. Every node runs it, whatever `only` says, so that
    none decides without them; and no call is decided before it has handed them on."""
    knows_clients: bool = False
    """What it answers as `Running` has `clients`."""
    blobs_in_use: str = ""
    """The query of its database that answers the ids of all blobs that rows refer to, in order: what a backup takes.
    Empty: it has no blobs, or all of them are taken."""
    stores_in_use: str = ""
    """The query of its database that answers the names of all stores outside in which bytes are that rows refer to."""

    @property
    def services(self) -> list[descriptor.ServiceDescriptor]:
        return [service for file in self.contracts for service in file.services_by_name.values()]

    @property
    def faces(self) -> list[str]:
        """The doors at which it has faces, as its contract says (`portico.options.v1.face`)."""
        return [door for service in self.services if (door := door_of(service))]


__all__ = ["Call", "Databases", "Gauge", "Job", "OperationsBackend", "Platform", "Product", "Running"]
