"""What was found out once about a token, a certificate, an assertion."""

from __future__ import annotations

from typing import Generic, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Remembered(Generic[_Key, _Value]):
    """A bounded memory; the oldest goes first."""

    __slots__ = ("_limit", "_values", "clear", "get")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: dict[_Key, _Value] = {}
        self.get = self._values.get
        self.clear = self._values.clear

    def put(self, key: _Key, value: _Value) -> None:
        if len(self._values) >= self._limit:
            del self._values[next(iter(self._values))]
        self._values[key] = value
