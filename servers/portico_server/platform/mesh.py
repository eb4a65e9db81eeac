"""How a product calls another one: by generated stubs on a channel that finds the service wherever it is placed.

    stub = objects_pb2_grpc.ObjectServiceStub(platform.mesh.channel)
    answer = await stub.HeadObject(request, timeout=2.0)

The same stub reaches a servicer in this process (no socket, no bytes), in another process of this machine, or on
another node. docs/mesh.md says what holds on all ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from portico_server.platform.authorization import Principal
from portico_server.platform.errors import ApiError, FieldViolation
from portico_server.platform.keyring.identity import RESERVED_ACCOUNT
from portico_server.platform.names import principal_name


@dataclass(frozen=True, slots=True)
class Mesh:
    """A product's two channels; both have the face of a `grpc.aio.Channel`.

    `channel` calls on behalf of whoever calls the product: it can do what they may do and no more. It works while a
    call is being served; outside of one it fails with UNAUTHENTICATED (`NO_CALLER`). `own_channel` calls as the product
    itself, for background work and for what is the product's own business: by the principal of `own_principal`, which
    may do nothing until the policy says otherwise.
    """

    channel: Any
    own_channel: Any


UNCONNECTED = Mesh(None, None)
"""Of a product that stands alone, in a test."""


def own_principal(product: str) -> Principal:
    """Whom a product is when it acts for nobody else: `accounts/portico/principals/<product>`. Its account is reserved:
    no certificate names it."""
    return Principal(principal_name(RESERVED_ACCOUNT, product), RESERVED_ACCOUNT)


def told(error: grpc.aio.AioRpcError) -> ApiError:
    """What a failed call said, to be said again to one's own caller: code, reason, message, and the details that
    `ApiError` has. The ray becomes that of the call which is answered."""
    status = status_pb2.Status()
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            status.ParseFromString(value)
    for detail in status.details:
        detail.Unpack(info) or detail.Unpack(bad) or detail.Unpack(retry)
    metadata = {name: value for name, value in info.metadata.items() if name != "ray_id"}
    return ApiError(
        error.code(),
        info.reason or error.code().name,
        error.details() or "",
        metadata=metadata,
        violations=[FieldViolation(item.field, item.description, item.reason) for item in bad.field_violations],
        retry_after_seconds=retry.retry_delay.ToNanoseconds() / 1e9 if retry.HasField("retry_delay") else None,
    )
