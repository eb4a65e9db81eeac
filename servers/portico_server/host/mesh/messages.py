"""Messages of calls between products: their classes, and how they cross within the process: copied or handed over as
they are, or, to find what relies on that, by way of bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

Serialize = Callable[[Any], bytes]
Deserialize = Callable[[bytes], Any]


class Crossing:
    """One direction of a method. `expected` is the messages' class; where it is not known they go by way of bytes."""

    __slots__ = ("_deserialize", "_expected", "_path", "_serialize", "_through_bytes")

    def __init__(
        self,
        path: str,
        expected: type[Message] | None,
        serialize: Serialize | None,
        deserialize: Deserialize | None,
        *,
        through_bytes: bool,
    ) -> None:
        self._path = path
        self._expected = expected
        self._serialize = serialize
        self._deserialize = deserialize
        self._through_bytes = through_bytes or expected is None

    def copied(self, message: Any) -> Any:
        """A message of its own with the same content. Raises TypeError for one of another type."""
        self._check(message)
        if self._through_bytes or self._expected is None:
            return self._by_bytes(message)
        copy = self._expected()
        copy.CopyFrom(message)
        return copy

    def moved(self, message: Any) -> Any:
        """The message itself: whoever gives it must not touch it again. Raises TypeError for one of another type."""
        self._check(message)
        return self._by_bytes(message) if self._through_bytes else message

    def _check(self, message: Any) -> None:
        check_class(self._path, self._expected, message)

    def _by_bytes(self, message: Any) -> Any:
        payload = self._serialize(message) if self._serialize is not None else message
        return self._deserialize(payload) if self._deserialize is not None else payload


def check_class(path: str, expected: type[Message] | None, message: Any) -> None:
    """Raises TypeError for a message of another class, where the class is known."""
    if expected is not None and message.__class__ is not expected:
        raise TypeError(
            f"{path} takes and gives messages of its contract: this one must be {expected.__name__}, "
            f"not {type(message).__name__}"
        )


def classes_of(path: str) -> tuple[type[Message] | None, type[Message] | None]:
    """The request's and the response's class of a method, None where no contract is known."""
    try:
        method = descriptor_pool.Default().FindMethodByName(path[1:].replace("/", "."))
    except KeyError:
        return None, None
    return message_factory.GetMessageClass(method.input_type), message_factory.GetMessageClass(method.output_type)


def size_bytes(message: Any) -> int:
    """What a message would take as bytes: it bounds how many are underway."""
    return len(message) if isinstance(message, bytes) else int(message.ByteSize())
