"""PostgreSQL killed, silent, slow, without connections, cut off at a commit, while calls run through the door.

What callers are told, what health says, that nothing acknowledged is lost, and that all goes on by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from portico.objects.v1 import buckets_pb2
from tests.e2e.calls import ACCOUNT, Failure, Objects, puts, unique
from tests.faults.disks import disk, filled
from tests.harness import RunningPlatform, running_platform
from tests.harness.postgresql import PostgresqlServer, fresh_database, postgresql_server
from tests.harness.slow_network import Network, network
from tests.harness.waiting import wait_until

SECONDS = 60
WRITERS = 8
SMALL_DISK_BYTES = 16 << 20
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
OBJECTS_SERVICE = "portico.objects.v1.ObjectService"
UNKNOWN = (grpc.StatusCode.UNKNOWN, "OUTCOME_UNKNOWN", False)
UNREACHABLE = (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNREACHABLE", True)
USER = "platform"
"""The role that the platform connects as: unlike the tests' own it is no superuser, to whom no limit applies."""


@dataclass
class Stand:
    """The platform, its server, the network between them, and the administrator of the server's database."""

    platform: RunningPlatform
    server: PostgresqlServer
    between: Network
    dsn: str
    objects: Objects
    health: Any
    bucket: str = field(init=False)

    def __post_init__(self) -> None:
        self.bucket = self.objects.make_bucket()

    def administer(self, *statements: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def end_connections(self) -> None:
        """Those of the platform; it makes new ones, with what was set since."""
        self.administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{USER}'")

    def health_of(self, service: str) -> int:
        return int(self.health.Check(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS).status)

    def put(
        self, key: str, data: bytes = b"data", *, seconds: float = SECONDS
    ) -> tuple[grpc.StatusCode, str, bool] | None:
        """Puts an object; None, or what the caller is told: code, reason, and whether there is a time to try again."""
        try:
            self.objects.stub.PutObject(puts(f"{self.bucket}/objects/{key}", data), timeout=seconds)
        except grpc.RpcError as error:
            return told(error)
        return None

    def check_all_is_well_again(self) -> None:
        """Without a start in between."""
        wait_until(lambda: self.put("again") is None, "a put succeeds", SECONDS)
        wait_until(lambda: self.health_of(OBJECTS_SERVICE) == SERVING, "health is as before", SECONDS)
        assert self.platform.state.processes[0].restarts == 0


def told(error: grpc.RpcError) -> tuple[grpc.StatusCode, str, bool]:
    failure, status = Failure(error), status_pb2.Status()
    status.ParseFromString(dict(error.trailing_metadata() or {}).get("grpc-status-details-bin", b""))
    again = any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in status.details)
    return failure.code, failure.reason, again


@contextlib.contextmanager
def network_in_a_thread(server: Path) -> Iterator[Network]:
    """The network on an event loop of its own, so that a test can wait for the platform meanwhile."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened = network(server)
    try:
        yield asyncio.run_coroutine_threadsafe(opened.__aenter__(), loop).result(SECONDS)
    finally:
        asyncio.run_coroutine_threadsafe(opened.__aexit__(None, None, None), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with postgresql_server() as server, network_in_a_thread(server.socket / ".s.PGSQL.5432") as between:
        dsn = fresh_database(server)
        name = dsn.partition("@/")[2].partition("?")[0]
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {USER} LOGIN".encode())
            connection.execute(f"GRANT CREATE ON DATABASE {name} TO {USER}".encode())
        by_network = f"postgresql://{USER}@127.0.0.1:{between.port}/{name}"
        folder = tmp_path_factory.mktemp("platform")
        with running_platform(folder, database=by_network) as platform, platform.channel() as channel:
            yield Stand(platform, server, between, dsn, Objects(channel), health_pb2_grpc.HealthStub(channel))


def test_a_killed_server_loses_nothing_acknowledged_and_callers_are_told_what_is_known(stand: Stand) -> None:
    acknowledged: set[str] = set()
    failures: set[Any] = set()
    over = threading.Event()

    def write(writer: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            key = f"killed/{writer}-{number}"
            if failure := stand.put(key):
                failures.add(failure)
            else:
                acknowledged.add(key)

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write, writer) for writer in range(WRITERS)]
        try:
            wait_until(lambda: len(acknowledged) >= 50, "puts are acknowledged", SECONDS)
            stand.server.kill()
            try:
                wait_until(lambda: UNREACHABLE in failures, "callers are told", SECONDS)
                wait_until(lambda: stand.health_of(OBJECTS_SERVICE) == NOT_SERVING, "health tells it", SECONDS)
                assert stand.health_of("") == SERVING, "another node would have the same server"
            finally:
                stand.server.start_again()
            before = len(acknowledged)
            wait_until(lambda: len(acknowledged) > before, "puts are acknowledged again", SECONDS)
        finally:
            over.set()
        for writer in writing:
            writer.result(SECONDS)
    assert failures <= {UNKNOWN, UNREACHABLE}
    stand.check_all_is_well_again()
    assert acknowledged <= set(every_key(stand, "killed/"))


def every_key(stand: Stand, prefix: str) -> list[str]:
    keys: list[str] = []
    while page := stand.objects.keys(stand.bucket, prefix=prefix, start_after=keys[-1] if keys else ""):
        keys += page
    return keys


def test_a_server_that_falls_silent_holds_calls_up_to_their_deadline_and_answers_them_when_it_goes_on(
    stand: Stand,
) -> None:
    postmaster = stand.server.process.pid
    children = Path("/proc", str(postmaster), "task", str(postmaster), "children").read_text().split()
    everybody = [postmaster, *map(int, children)]
    with ThreadPoolExecutor(1) as pool:
        for pid in everybody:
            os.kill(pid, signal.SIGSTOP)
        try:
            patient = pool.submit(stand.put, "silent/patient")
            late = stand.put("silent/short", seconds=1.0)
            assert late is not None
            assert late[0] is grpc.StatusCode.DEADLINE_EXCEEDED
            wait_until(lambda: stand.health_of(OBJECTS_SERVICE) == NOT_SERVING, "health tells it", SECONDS)
        finally:
            for pid in everybody:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        # Others than None on a machine so slow that the platform gave the connection up meanwhile.
        assert patient.result(SECONDS) in (None, UNKNOWN, UNREACHABLE)
    stand.check_all_is_well_again()


def test_a_slow_network_only_takes_longer(stand: Stand) -> None:
    stand.between.delay_seconds = 0.2
    try:
        with ThreadPoolExecutor(WRITERS) as pool:
            assert set(pool.map(stand.put, (f"slow/{number}" for number in range(WRITERS)))) == {None}
    finally:
        stand.between.delay_seconds = 0.0
    assert len(stand.objects.keys(stand.bucket, prefix="slow/")) == WRITERS


def test_without_a_connection_callers_are_told_and_it_goes_on_when_there_is_one(stand: Stand) -> None:
    stand.administer(f"ALTER ROLE {USER} CONNECTION LIMIT 0")
    try:
        stand.end_connections()
        wait_until(lambda: stand.put("refused") == UNREACHABLE, "a put is refused", SECONDS)
        wait_until(lambda: stand.health_of(OBJECTS_SERVICE) == NOT_SERVING, "health tells it", SECONDS)
    finally:
        stand.administer(f"ALTER ROLE {USER} CONNECTION LIMIT -1")
    stand.check_all_is_well_again()


def test_a_change_whose_answer_is_lost_may_be_repeated_with_its_request_id(stand: Stand) -> None:
    request = buckets_pb2.CreateBucketRequest(parent=ACCOUNT, bucket_id=unique(), request_id=str(uuid.uuid4()))
    create = stand.objects.buckets.CreateBucket
    stand.between.answers_pass = False
    try:
        with pytest.raises(grpc.RpcError) as lost:
            create(request, timeout=SECONDS)
    finally:
        stand.between.answers_pass = True
    assert told(lost.value) in (UNKNOWN, UNREACHABLE)
    stand.check_all_is_well_again()
    first, second = (create(request, timeout=SECONDS).bucket for _ in range(2))
    assert first == second


def test_what_takes_longer_than_the_server_allows_is_told_so_and_nothing_was_written(stand: Stand) -> None:
    stand.administer(f"ALTER ROLE {USER} SET statement_timeout = '300ms'")
    try:
        stand.end_connections()
        stand.check_all_is_well_again()
        with psycopg.connect(stand.dsn) as stranger:
            stranger.execute("LOCK TABLE objects.object IN ACCESS EXCLUSIVE MODE")
            assert stand.put("late") == (grpc.StatusCode.UNAVAILABLE, "DATABASE_TIMEOUT", True)
        assert stand.objects.keys(stand.bucket, prefix="late") == []
    finally:
        stand.administer(f"ALTER ROLE {USER} RESET statement_timeout")
        stand.end_connections()
    stand.check_all_is_well_again()


def test_a_server_that_takes_no_changes_serves_reads_and_says_so_of_writes(stand: Stand) -> None:
    assert stand.put("read") is None
    stand.administer(f"ALTER ROLE {USER} SET default_transaction_read_only = on")
    try:
        stand.end_connections()
        expected = (grpc.StatusCode.UNAVAILABLE, "DATABASE_READ_ONLY", True)
        wait_until(lambda: stand.put("refused") == expected, "a put is refused", SECONDS)
        assert stand.objects.get(f"{stand.bucket}/objects/read") == b"data"
    finally:
        stand.administer(f"ALTER ROLE {USER} RESET default_transaction_read_only")
    stand.check_all_is_well_again()


def test_a_full_disk_refuses_what_writes_serves_what_reads_and_is_forgotten_with_room(stand: Stand) -> None:
    assert stand.put("read") is None
    with disk(stand.server.socket / "small-disk", SMALL_DISK_BYTES) as small:
        stand.administer(f"CREATE TABLESPACE small LOCATION '{small}'")
        try:
            stand.administer("ALTER TABLE objects.inline_bytes SET TABLESPACE small")
            expected = (grpc.StatusCode.RESOURCE_EXHAUSTED, "STORAGE_FULL", False)
            with filled(small):
                numbers = itertools.count()
                wait_until(
                    lambda: stand.put(f"full/{next(numbers)}", os.urandom(16_000)) == expected,
                    "what there is of room is used up",
                    SECONDS,
                )
                assert stand.objects.get(f"{stand.bucket}/objects/read") == b"data"
            assert stand.put("full/again", os.urandom(16_000)) is None
        finally:
            stand.administer("ALTER TABLE objects.inline_bytes SET TABLESPACE pg_default", "DROP TABLESPACE small")
    stand.check_all_is_well_again()
