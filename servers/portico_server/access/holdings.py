"""What other products keep of an account, asked of each by its own lists: whatever it lists directly below an account.

So a product that is added is asked, too, without a word about accounts. Asked on behalf of the caller, who is a Super
Administrator of the account; a product that does not answer fails the question.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from typing import Any, NamedTuple

import grpc
from google.api import annotations_pb2
from google.protobuf import descriptor, descriptor_pool, message_factory

from portico_server.platform.mesh import told
from portico_server.platform.methods import Method, Mode

_BELOW_ACCOUNT = re.compile(r"/v1/\{parent=accounts/\*\}/(\w+)")
_OWN = ("access", "gateway")
"""Products whose things are of an account in another way: deleted with it, or of the platform."""
_SECONDS = 10.0


class _List(NamedTuple):
    path: str
    collection: str
    request: type[Any]
    response: type[Any]


class Holdings:
    """`channel`: on behalf of the caller (`platform.mesh`); None: there are no other products, in a test."""

    def __init__(self, channel: Any, methods: Iterable[Method]) -> None:
        self._channel = channel
        self._lists = [found for method in methods if (found := _list_of(method)) is not None]

    async def of(self, account: str) -> AsyncIterator[str]:
        """The collections in which something is, as `accounts/acme/buckets`. Raises ApiError."""
        for each in self._lists if self._channel is not None else ():
            call = self._channel.unary_unary(
                each.path,
                request_serializer=each.request.SerializeToString,
                response_deserializer=each.response.FromString,
            )
            try:
                answer = await call(each.request(parent=account, page_size=1), timeout=_SECONDS)
            except grpc.aio.AioRpcError as error:
                raise told(error) from None
            if any(field.is_repeated and values for field, values in answer.ListFields()):
                yield f"{account}/{each.collection}"


def _list_of(method: Method) -> _List | None:
    """The method, if it lists what is directly below an account."""
    product = method.path[1:].split(".")[1] if method.path.startswith("/portico.") else ""
    if product in ("", *_OWN) or not any(one.mode is Mode.FILTER for one in method.requirements):
        return None
    service = descriptor_pool.Default().FindServiceByName(method.service)
    found: descriptor.MethodDescriptor = service.methods_by_name[method.name]
    rule = _BELOW_ACCOUNT.fullmatch(found.GetOptions().Extensions[annotations_pb2.http].get)
    if rule is None or "page_size" not in found.input_type.fields_by_name:
        return None
    request, response = map(message_factory.GetMessageClass, (found.input_type, found.output_type))
    return _List(method.path, rule[1], request, response)
