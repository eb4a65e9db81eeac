"""The rows of long-running operations, and the messages that callers see of them."""

from __future__ import annotations

from dataclasses import dataclass

from google.longrunning import operations_pb2
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import status_pb2

from portico_server.platform.database import ANY, Database, Row, Statement

_INSERT = """
INSERT INTO platform_operation
  (id, principal, kind, argument, metadata, done, cancelled, response, error, created_at_us, updated_at_us)
VALUES ($1, $2, $3, $4, $5, 0, 0, NULL, NULL, $6, $6)"""
_VISIBLE = "SELECT id, metadata, done, response, error FROM platform_operation WHERE id = $1 AND principal = $2"
_PAGE = """
SELECT id, metadata, done, response, error FROM platform_operation
WHERE principal = $1 AND id > $2 ORDER BY id LIMIT $3"""
_WORK = "SELECT kind, argument, cancelled FROM platform_operation WHERE id = $1 AND done = 0"
_UNFINISHED = "SELECT id FROM platform_operation WHERE done = 0 ORDER BY id LIMIT $1"
_PROGRESS = (
    "UPDATE platform_operation SET metadata = $2, updated_at_us = $3 WHERE id = $1 AND done = 0 AND cancelled = 0"
)
_FINISH = """
UPDATE platform_operation SET done = 1, response = $2, error = $3, updated_at_us = $4 WHERE id = $1 AND done = 0"""
_CANCEL = "UPDATE platform_operation SET cancelled = 1, updated_at_us = $3 WHERE id = $1 AND principal = $2"
_DELETE = "DELETE FROM platform_operation WHERE id = $1 AND principal = $2 AND done = 1"
_EXPIRE = """
DELETE FROM platform_operation WHERE id IN (
  SELECT id FROM platform_operation WHERE done = 1 AND updated_at_us <= $1 ORDER BY updated_at_us LIMIT $2
)"""


@dataclass(frozen=True, slots=True)
class Work:
    """What is needed to run an operation: its kind, its serialized argument, whether it was asked to stop."""

    kind: str
    argument: bytes
    cancelled: bool


def insert(operation_id: str, principal: str, kind: str, argument: bytes, metadata: Message, now_us: int) -> Statement:
    return Statement(_INSERT, (operation_id, principal, kind, argument, _packed(metadata), now_us))


def progress(operation_id: str, metadata: Message, now_us: int) -> Statement:
    """Its guard fails where the operation was cancelled or has ended."""
    return Statement(_PROGRESS, (operation_id, _packed(metadata), now_us), 1, "stopped")


def finish(operation_id: str, result: Message | status_pb2.Status, now_us: int) -> Statement:
    """Ends the operation with its response, or with an error. Its guard fails where it has ended already."""
    is_error = isinstance(result, status_pb2.Status)
    response = None if is_error else _packed(result)
    error = result.SerializeToString() if is_error else None
    return Statement(_FINISH, (operation_id, response, error, now_us), 1, "ended")


def cancel(operation_id: str, principal: str, now_us: int) -> Statement:
    return Statement(_CANCEL, (operation_id, principal, now_us), 1, "not found")


def delete(operation_id: str, principal: str) -> Statement:
    return Statement(_DELETE, (operation_id, principal), 1, "not deletable")


def expire(before_us: int, limit: int) -> Statement:
    return Statement(_EXPIRE, (before_us, limit), ANY)


async def visible(
    database: Database, prefix: str, operation_id: str, principal: str
) -> operations_pb2.Operation | None:
    rows = await database.read(_VISIBLE, operation_id, principal)
    return _message(prefix, rows[0]) if rows else None


async def page(
    database: Database, prefix: str, principal: str, after: str, limit: int
) -> list[operations_pb2.Operation]:
    return [_message(prefix, row) for row in await database.scan(_PAGE, principal, after, limit)]


async def work(database: Database, operation_id: str) -> Work | None:
    """None where it has ended."""
    rows = await database.read(_WORK, operation_id)
    return Work(rows[0][0], rows[0][1], bool(rows[0][2])) if rows else None


async def unfinished(database: Database, limit: int) -> list[str]:
    return [row[0] for row in await database.scan(_UNFINISHED, limit)]


def _packed(message: Message) -> bytes:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed.SerializeToString()


def _message(prefix: str, row: Row) -> operations_pb2.Operation:
    operation_id, metadata, done, response, error = row
    operation = operations_pb2.Operation(name=prefix + operation_id, done=bool(done))
    operation.metadata.ParseFromString(metadata)
    if error is not None:
        operation.error.ParseFromString(error)
    elif response is not None:
        operation.response.ParseFromString(response)
    return operation
