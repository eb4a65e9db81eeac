"""Idempotency: the answer to a mutation that carried a `request_id` is kept, and a retry is given it again (AIP-155).

The row is written by the mutation's own batch, which makes one of the two fail that race with the same id. A servicer
wraps its mutation in `once`, and puts the statements that it is given there into the mutation's batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from portico_server.platform.clock import Clock
from portico_server.platform.database import ANY, Batch, Contended, Database, GuardFailed, Statement
from portico_server.platform.errors import ApiError

REPLAY = "replay"
"""The reason of the guard that fails where the request id is already remembered."""

M = TypeVar("M", bound=Message)

LIFETIME_US = 24 * 3600 * 1_000_000
_DELETED_AT_ONCE = 200

_REMEMBER = """
INSERT INTO platform_request (principal, method, request_id, digest, response, at_us) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (principal, method, request_id) DO UPDATE SET
  digest = excluded.digest, response = excluded.response, at_us = excluded.at_us
WHERE platform_request.at_us <= $7"""
_RECALL = """
SELECT digest, response FROM platform_request
WHERE principal = $1 AND method = $2 AND request_id = $3 AND at_us > $4"""
_FORGET = """
DELETE FROM platform_request WHERE (principal, method, request_id) IN (
  SELECT principal, method, request_id FROM platform_request WHERE at_us <= $1 ORDER BY at_us LIMIT $2
)"""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Which request it is: the principal's name, the method's path, the caller's id for it, a digest of its content."""

    principal: str
    method: str
    request_id: str
    digest: bytes

    @classmethod
    def of(cls, principal: str, method: str, request: Message) -> RequestKey | None:
        """The key of a request with a field `request_id`; None where the caller left it empty."""
        request_id: str = request.request_id  # type: ignore[attr-defined]
        if not request_id:
            return None
        digest = hashlib.blake2b(request.SerializeToString(deterministic=True), digest_size=16).digest()
        return cls(principal, method, request_id, digest)


def remember(key: RequestKey, response: bytes, at_us: int) -> Statement:
    """The statement that keeps the answer, for the mutation's batch. Its guard fails with the reason `REPLAY`."""
    arguments = (key.principal, key.method, key.request_id, key.digest, response, at_us, at_us - LIFETIME_US)
    return Statement(_REMEMBER, arguments, 1, REPLAY)


async def recall(database: Database, clock: Clock, key: RequestKey) -> bytes | None:
    """The answer given before, None for a new request. Raises ApiError where the id was used for another request."""
    oldest_us = clock.now_us() - LIFETIME_US
    rows = await database.read(_RECALL, key.principal, key.method, key.request_id, oldest_us)
    if not rows:
        return None
    digest, response = rows[0]
    if digest != key.digest:
        raise ApiError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "REQUEST_ID_REUSED",
            "request_id was used for a different request within 24 hours; choose a new one for each request",
            metadata={"request_id": key.request_id},
        )
    return bytes(response)


Remember = Callable[[M], list[Statement]]
"""Takes a mutation's response; answers the statements that keep it, for its batch: none without a request id."""


async def once(
    database: Database,
    clock: Clock,
    key: RequestKey | None,
    response: type[M],
    mutate: Callable[[Remember[M]], Awaitable[M]],
) -> M:
    """What `mutate` answers, or answered the first time. With the key None it is simply called; never twice: what it
    reads of a request's stream is gone then.

    Raises what it raises, ApiError where the id was used for another request, and Contended where another answer came
    first and was forgotten at once.
    """
    if key is None:
        return await mutate(lambda _: [])
    if (answer := await recall(database, clock, key)) is not None:
        return response.FromString(answer)
    try:
        return await mutate(lambda made: [remember(key, made.SerializeToString(), clock.now_us())])
    except GuardFailed as failed:
        if failed.reason != REPLAY:
            raise
    if (answer := await recall(database, clock, key)) is not None:
        return response.FromString(answer)
    raise Contended(f"the answer to the request {key.request_id} was kept, and is a day old by now")


async def forget_expired(database: Database, clock: Clock) -> int:
    """Removes answers older than 24 hours, in steps; answers how many. For a job."""
    forgotten = 0
    while True:
        statement = Statement(_FORGET, (clock.now_us() - LIFETIME_US, _DELETED_AT_ONCE), ANY)
        (done,) = await database.batch(Batch([statement], frees=True))
        forgotten += done.count
        if done.count < _DELETED_AT_ONCE:
            return forgotten
