"""The messages by which bytes arrive, of a put or of a part: what the first announces, all bytes, what comes last."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from portico.objects.v1 import objects_pb2
from portico_server.objects.content import checksums
from portico_server.objects.content.checksums import Digests
from portico_server.objects.content.incoming import Announced
from portico_server.objects.errors import InvalidField

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""Bytes in one message; see the contract."""
_IN_ANY = ("name", "data")
_DIGESTS = [field.name for field in objects_pb2.Checksums.DESCRIPTOR.fields if field.name != "type"]


class Arriving:
    """What arrives by a stream of PutObjectRequest or UploadPartRequest, whose first message was read already."""

    def __init__(
        self, first: Any, following: AsyncIterator[Any], beside: list[bytes], algorithms: Sequence[str] = ()
    ) -> None:
        """`beside`: see `Call.beside`; `algorithms` are digests that are made anyway."""
        self._first = first
        self._beside = beside
        self._following = following
        self._late: dict[str, bytes] = {}
        late = self._late  # else what is announced and this would refer to one another: garbage with bytes in it
        self.announced = Announced(
            first.size_bytes if first.HasField("size_bytes") else None,
            _digests(first),
            (*algorithms, *(checksums.NAMES[algorithm] for algorithm in first.checksum_algorithms)),
            first.content_sha256,
            lambda: late,
        )

    async def parts(self) -> AsyncIterator[bytes]:
        """The bytes of all messages. What only the first may say, later ones may at most repeat; the last may bring
        the digests that the first has announced. Raises InvalidField."""
        yield _data(self._first)
        async for message in self._following:
            if self._late:
                raise InvalidField(
                    "checksums belongs into the first message of the stream, or the last", field="checksums"
                )
            self._check(message)
            data = [self._beside.pop() if self._beside else _data(message)]
            del message  # the message and its bytes are not held here while the caller waits for the disk
            yield data.pop()

    def _check(self, message: Any) -> None:
        for field, value in message.ListFields():
            if field.name not in _IN_ANY and value != getattr(self._first, field.name):
                if field.name != "checksums":
                    raise InvalidField(f"{field.name} belongs into the first message of the stream", field=field.name)
                self._late.update(self._expected(_digests(message)))

    def _expected(self, late: Digests) -> Digests:
        for name in late:
            if name not in self.announced.kept:
                raise InvalidField(
                    f"checksums.{name} comes last and was not announced; name it in checksum_algorithms of the first"
                    " message",
                    field=f"checksums.{name}",
                )
        return late


def without_data(request: objects_pb2.PutObjectRequest) -> objects_pb2.PutObjectRequest:
    """A put as its request id names it: a retry may cut the bytes into other messages."""
    bare = objects_pb2.PutObjectRequest()
    for field, value in request.ListFields():
        if field.name == "data":
            continue
        target = getattr(bare, field.name)
        if hasattr(target, "MergeFrom"):
            target.MergeFrom(value)
        else:
            setattr(bare, field.name, value)
    return bare


def _digests(message: Any) -> Digests:
    if not message.HasField("checksums"):
        return {}
    return {name: digest for name in _DIGESTS if (digest := getattr(message.checksums, name))}


def _data(message: Any) -> bytes:
    data: bytes = message.data.data
    if len(data) > MAX_MESSAGE_BYTES:
        told = f"a message carries at most {MAX_MESSAGE_BYTES} bytes, not {len(data)}: send the rest in further ones"
        raise InvalidField(told, field="data.data")
    return data
