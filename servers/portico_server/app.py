"""The composition root: what Envoy hosts as `portico_server.app:app`.

It puts the pieces together and knows nothing of what they do. The order of start, and reversed of stop, is that of
`Process.lifespan`.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

from portico_server import registry
from portico_server.gateway.explore import Pages
from portico_server.gateway.gateway import Gateway, open_gateway
from portico_server.gateway.health import Health
from portico_server.gateway.operations_elsewhere import SERVICE as OPERATIONS
from portico_server.gateway.operations_elsewhere import OperationsElsewhere
from portico_server.gateway.reflection import add_reflection
from portico_server.host.adapter import GrpcApplication
from portico_server.host.clients import ClientsElsewhere, answering
from portico_server.host.control import ALIVE, DRAINING, FLUSH, METRICS, ask, control_socket
from portico_server.host.envoy import watched
from portico_server.host.envoy.descriptors import built_in
from portico_server.host.mesh.local.server import LocalServer
from portico_server.host.mesh.opening import Meshes, open_meshes
from portico_server.host.run_folder import (
    CLIENTS_SOCKET,
    CONTROL_SOCKET,
    READY_FILE,
    sibling_clients,
    sibling_control,
    sibling_door,
)
from portico_server.host.shedding import shedding
from portico_server.host.start_failure import telling
from portico_server.platform import outbox
from portico_server.platform.blobs import Blobs
from portico_server.platform.blobs.opening import open_blobs
from portico_server.platform.blobs.placed import PlacedBlobs
from portico_server.platform.blobs.stores import read_stores
from portico_server.platform.call import Call, Handler
from portico_server.platform.clock import SystemClock
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.errors import ApiError
from portico_server.platform.http_face import Endpoint
from portico_server.platform.jobs import JobRunner
from portico_server.platform.keyring import Keyring
from portico_server.platform.methods import Method
from portico_server.platform.paging import PageTokens
from portico_server.platform.placement import FRONT, Here, Nodes, Place, Placement, process_names
from portico_server.platform.placement import Process as Sibling
from portico_server.platform.policy_bindings import PolicyError
from portico_server.platform.problems import write_problems
from portico_server.platform.product import Platform
from portico_server.platform.reserve import Reserve
from portico_server.platform.settings import Settings, from_json
from portico_server.platform.telemetry import logs

SETTINGS_FILE = "PORTICO_SETTINGS_FILE"
PROCESS = "PORTICO_PROCESS"
_PROBLEMS_POLL_SECONDS = 0.5
_REVOKED_POLL_SECONDS = 0.2


class Process:
    """A process that serves, working in its run folder. `application` is there at once; its lifespan opens what it
    serves with."""

    def __init__(self, settings: Settings, process: str) -> None:
        """`process`: its name. Raises SettingError."""
        self._settings = settings
        self._folder = Path.cwd()
        self._placement = Placement(settings, process)
        self._products = registry.products(settings, self._placement)
        self._methods: dict[str, Method] = {}
        self._gateway: Gateway | None = None
        self._clock = SystemClock()
        self._problems: list[Callable[[], Mapping[str, str]]] = []
        # Where the database is a server's, to delete needs no room here.
        self._reserve = Reserve(settings.data, settings.reserve_bytes if settings.database == "sqlite" else 0)
        self._databases = LocalDatabases(settings, self._clock, self._reserve)
        self.application = GrpcApplication(
            pipeline=self._pipeline,
            methods=self._methods,
            errors=self._told,
            max_message_bytes=settings.max_message_bytes,
            first_message_seconds=settings.first_message_seconds,
            lifespan=self.lifespan,
            find_page=Pages([built_in(), *map(Path, settings.extra_descriptors)], self._methods).at,
            find_endpoint=self._endpoint,
        )

    @contextlib.asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Starts everything, in the order in which one thing stands on another."""
        async with AsyncExitStack() as stack:
            with telling(self._folder, PolicyError):
                await self._start(stack)
            yield

    async def _start(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        keyring = Keyring.open(settings.data, settings.trust_domain, settings.hostnames)
        platform = self._platform(stack, keyring)
        gateway = await stack.enter_async_context(
            open_gateway(
                settings,
                keyring,
                platform.page_tokens,
                self._products,
                platform.databases,
                self._placement.process,
                self._reserve,
            )
        )
        self._methods.update(gateway.methods)
        self._gateway = gateway  # now: as soon as a product is up, its jobs may call another by the mesh
        meshes = await stack.enter_async_context(self._open_meshes(keyring))
        self._ask_elsewhere(gateway, meshes)
        await self._start_products(stack, platform, gateway, meshes)
        health = self._serve(gateway)
        await self._open_control(stack, gateway, health)
        self._shed(stack, gateway)
        problems = [gateway.problems, outbox.FIGURES.problems, *self._problems]
        await stack.enter_async_context(_background(_tell_problems(self._folder, problems)))
        await stack.enter_async_context(_background(self._cut_revoked(gateway)))
        await stack.enter_async_context(_background(self._reserve.keep()))  # behind what a start writes
        await health.serving()
        await self._follow_health(stack, health)
        stack.push_async_callback(health.not_serving)
        (self._folder / READY_FILE).write_text(str(os.getpid()))

    def _pipeline(self, call: Call, proceed: Handler) -> Awaitable[None]:
        assert self._gateway is not None  # products, whose jobs call first, start behind it
        return self._gateway.pipeline(call, proceed)

    def _endpoint(self, path: str) -> Endpoint | None:
        return self._gateway.oauth.find(path) if self._gateway is not None else None

    def _told(self, error: BaseException) -> ApiError:
        assert self._gateway is not None
        return self._gateway.errors(error)

    def _platform(self, stack: AsyncExitStack, keyring: Keyring) -> Platform:
        stack.push_async_callback(self._databases.close)
        stores = read_stores(self._settings.data)

        async def blobs(product: str) -> Blobs:
            opened = await open_blobs(self._settings.data, product, stores, self._reserve)
            stack.push_async_callback(opened.close)
            if isinstance(opened, PlacedBlobs):
                self._problems.append(opened.problems)
                await stack.enter_async_context(_background(opened.watch()))
            return opened

        return Platform(
            self._settings,
            self._clock,
            random.SystemRandom(),
            PageTokens(keyring.page_token_key),
            self._databases,
            blobs,
            sealing=keyring.sealing,
        )

    def _open_meshes(self, keyring: Keyring) -> AbstractAsyncContextManager[Meshes]:
        """What products call one another by."""
        return open_meshes(
            LocalServer(self.application, through_bytes=self._settings.mesh_messages == "serialized"),
            self._placement,
            keyring.assertions,
            door_of=sibling_door,
            watched=self._settings.run / watched.FOLDER,
            max_streams=self._settings.max_streams,
        )

    def _ask_elsewhere(self, gateway: Gateway, meshes: Meshes) -> None:
        """A front answers for all operations, also for those of products that it does not serve."""
        for product, place in self._placement.elsewhere().items() if self._placement.is_front else ():
            channel = meshes.to_process_of(product, OPERATIONS)
            on_node = isinstance(place, Nodes)
            gateway.operations[product] = OperationsElsewhere(product, channel, on_node=on_node)

    async def _start_products(
        self, stack: AsyncExitStack, platform: Platform, gateway: Gateway, meshes: Meshes
    ) -> None:
        for product in self._products:
            place = self._placement.of_product(product.name)
            if isinstance(place, Sibling) and product.knows_clients:
                gateway.oauth.use_clients(ClientsElsewhere(sibling_clients(place.name)))
            if place != Here():
                continue
            own = dataclasses.replace(
                platform, mesh=meshes.of(product.name), methods=gateway.methods, access_keys=gateway.access_keys
            )
            running = await stack.enter_async_context(product.run(own))
            for add, servicer in running.servicers:
                add(servicer, self.application)
            for face in running.faces:
                self.application.add_face(face)
            if running.clients is not None:
                gateway.oauth.use_clients(running.clients)
                await stack.enter_async_context(answering(self._folder / CLIENTS_SOCKET, running.clients))
            if running.catch_up_policies is not None:
                gateway.revisions.ask(running.catch_up_policies)
            if running.operations is not None:
                gateway.operations[product.name] = running.operations
            for gauge in running.gauges:
                gateway.telemetry.metrics.gauge(gauge.name, gauge.description, gauge.read)
            self._problems.append(running.problems)
            jobs = JobRunner(running.jobs, platform.clock, platform.random)
            jobs.start()
            stack.push_async_callback(jobs.stop)

    def _serve(self, gateway: Gateway) -> Health:
        """Adds what is served besides the products."""
        for add, servicer in gateway.servicers:
            add(servicer, self.application)
        services = sorted({method.service for method in gateway.methods.values()})
        health = Health(services)
        health.add_to(self.application)
        add_reflection(self.application, services)
        return health

    async def _cut_revoked(self, gateway: Gateway) -> None:
        """Ends calls in flight whose caller was revoked since they were let in: a watch would go on for ever."""
        seen = gateway.revocations()
        while True:
            await asyncio.sleep(_REVOKED_POLL_SECONDS)
            if (now := gateway.revocations()) != seen:
                self.application.watch.cut_refused(gateway.refusal_of)
                seen = now

    def _shed(self, stack: AsyncExitStack, gateway: Gateway) -> None:
        """Has Envoy, in whose folder this process runs, refuse calls that would wait too long."""
        application = self.application

        def waited() -> float:
            return application.pace.wait_seconds

        controller = stack.enter_context(shedding(lambda: application.calls_in_flight, waited, self._folder))
        metrics = gateway.telemetry.metrics
        metrics.gauge("turn_wait_seconds", "How long the first call in the line has waited for its turn.", waited)
        metrics.gauge("shed_share", "The share of calls that is refused.", lambda: controller.share)

    async def _follow_health(self, stack: AsyncExitStack, health: Health) -> None:
        """A product is as healthy as the process that serves it, and as the server of its database. The platform as a
        whole does not depend on the latter: another node, to which callers would go, has the same."""
        for product in self._products:
            place = self._placement.of_product(product.name)
            if isinstance(place, Sibling) or (place == Here() and self._settings.database != "sqlite"):
                services = [service.full_name for service in product.services]
                following = health.follow(services, functools.partial(self._is_serving, place))
                await stack.enter_async_context(_background(following))

    async def _is_serving(self, place: Place) -> bool:
        alive = not isinstance(place, Sibling) or await _is_alive(place.name)
        return alive and self._databases.are_reachable

    async def _open_control(self, stack: AsyncExitStack, gateway: Gateway, health: Health) -> None:
        metrics = gateway.telemetry.metrics
        metrics.gauge("calls_in_flight", "Calls that are being served.", lambda: self.application.calls_in_flight)

        figures = outbox.FIGURES
        metrics.counter("outbox_dropped_total", "Events that were dropped untaken.", lambda: figures.dropped)
        metrics.gauge("outbox_audit_events", "Audit events that wait.", lambda: sum(figures.audit().values()))

        async def render() -> str:
            return metrics.render()

        async def flush() -> str:
            await gateway.telemetry.files.flush()
            return ""

        async def drain() -> str:
            await health.not_serving()
            return ""

        routes = {("GET", METRICS): render, ("POST", FLUSH): flush, ("POST", DRAINING): drain}
        await stack.enter_async_context(control_socket(self._folder / CONTROL_SOCKET, routes))
        if siblings := [name for name in process_names(self._settings) if name != self._placement.process]:
            gateway.telemetry.flush_others = functools.partial(_flush, siblings)


async def _is_alive(process: str) -> bool:
    try:
        return bool(await ask(sibling_control(process), "GET", ALIVE))
    except (OSError, TimeoutError):
        return False


async def _flush(processes: Sequence[str]) -> None:
    asked = (ask(sibling_control(name), "POST", FLUSH) for name in processes)
    await asyncio.gather(*asked, return_exceptions=True)  # one that is down holds nothing


@contextlib.asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _tell_problems(folder: Path, sources: Sequence[Callable[[], Mapping[str, str]]]) -> None:
    """For whoever asks how the platform is. A full disk must not end what serves."""
    told: dict[str, str] = {}
    while True:
        found = {name: problem for source in sources for name, problem in source().items()}
        if found != told:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(write_problems, folder, found)
                told = found
        await asyncio.sleep(_PROBLEMS_POLL_SECONDS)


def build() -> GrpcApplication:
    """The application of the settings that the supervisor has rendered."""
    settings = from_json(Path(os.environ[SETTINGS_FILE]).read_text())
    logs.configure(settings.log_level)
    return Process(settings, os.environ.get(PROCESS, FRONT)).application


app = build()
