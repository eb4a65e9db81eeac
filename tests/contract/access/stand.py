"""The access product, running without a gateway: calls reach its servicers as the gateway lets them in."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portico_server.access import PRODUCT
from portico_server.access.accounts import FIRST, FIRST_ADMINISTRATOR
from portico_server.dns import PRODUCT as DNS
from portico_server.objects import PRODUCT as OBJECTS
from portico_server.platform import call
from portico_server.platform.access.credentials import credential_among
from portico_server.platform.authorization import Filter, Principal
from portico_server.platform.blobs import Blobs
from portico_server.platform.database import ANY, Batch, Database, Statement
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.keyring.sealing import Sealing
from portico_server.platform.methods import FOREIGN, methods_of
from portico_server.platform.names import account_of
from portico_server.platform.paging import PageTokens
from portico_server.platform.private_files import make_private_folder
from portico_server.platform.product import Platform, Running
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import MovingClock

ACCOUNT = FIRST
ADMIN = FIRST_ADMINISTRATOR
METHODS = {**FOREIGN, **methods_of([*PRODUCT.services, *OBJECTS.services, *DNS.services])}


@dataclass
class Stand:
    """A running product. `do` makes a call as `caller`, and raises what the servicer raises."""

    clock: MovingClock
    database: Database
    running: Running
    run: Path
    """The folder that the processes of the machine share."""
    caller: str = ADMIN
    filter: Filter = field(default_factory=lambda: Filter(everything=True))
    token_id: str = ""
    scope: frozenset[str] = frozenset()
    headers: list[tuple[str, str]] = field(default_factory=list)

    async def do(self, method: str, **request: Any) -> Any:
        """`method`: its name, as it is in one of the contracts; the fields of its request."""
        for _, servicer in self.running.servicers:
            if hasattr(servicer, method):
                break
        path = next(path for path in METHODS if path.endswith(f"/{method}") and ".access." in path)
        made = call.Call(
            METHODS[path],
            context=None,  # type: ignore[arg-type]
            headers={},
            first_message=None,  # type: ignore[arg-type]
            arrival_time_ns=0,
            arrival_ns=0,
            principal=self._principal() if self.caller else None,
            filter=self.filter,
        )
        call.current.set(made)
        answer = await getattr(servicer, method)(_request(method, request), None)
        self.headers = made.response_headers
        if getattr(answer, "policy_revision", 0):
            assert ("x-policy-revision", str(answer.policy_revision)) in self.headers, method
        return answer

    def _principal(self) -> Principal:
        credential = credential_among([self.token_id])
        return Principal(self.caller, account_of(self.caller), self.token_id, credential=credential, scope=self.scope)

    async def clear(self) -> None:
        """Forgets everything but the first account."""
        tables = "item removal membership offspring proof platform_outbox platform_request"
        await self.database.batch(Batch([Statement(f"DELETE FROM {table}", (), ANY) for table in tables.split()]))
        book = self.accounts._book
        book._states.clear()
        self.caller, self.filter, self.token_id, self.scope = ADMIN, Filter(everything=True), "", frozenset()
        await self.accounts.make_first()

    @property
    def accounts(self) -> Any:
        return self.running.servicers[0][1]._accounts

    @property
    def book(self) -> Any:
        return self.accounts._book


def _request(method: str, fields: dict[str, Any]) -> Any:
    for contract in PRODUCT.contracts:
        message = contract.message_types_by_name.get(f"{method}Request")
        if message is not None:
            return message._concrete_class(**fields)
    raise AssertionError(method)


@asynccontextmanager
async def standing(settings: Settings) -> AsyncIterator[Stand]:
    """The product, running on the database that the settings name."""
    databases, clock = LocalDatabases(settings), MovingClock()
    make_private_folder(settings.run)

    async def no_blobs(product: str) -> Blobs:
        raise AssertionError

    platform = Platform(
        settings,
        clock,
        random.SystemRandom(),
        PageTokens(b"k" * 32),
        databases,
        no_blobs,
        sealing=lambda name: Sealing(b"s" * 32, name),
        methods=METHODS,
    )
    async with PRODUCT.run(platform) as running:
        yield Stand(clock, running.jobs[0].database, running, settings.run)
    await databases.close()
