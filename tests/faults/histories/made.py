"""Histories of one key, made by hand, by which the checker is tried."""

from __future__ import annotations

from typing import Any

from tests.faults.histories.calls import Call, Delete, History, Key, Put, Seen, Step

A, B = Seen("a", "ea"), Seen("b", "eb")
PUT_A, PUT_B, GONE = Put("a"), Put("b"), Delete("d")
One = tuple[float, float, Step]


def of(*calls: One, perhaps: tuple[One, ...] = (), versioned: bool = False, key: str = "k", **more: Any) -> History:
    """A history of one key; `perhaps` are the calls that were not answered. The id of the write `a` is `ia`."""
    name = Key("bucket", key)
    history = History(frozenset({"bucket"} if versioned else ()), etags={"a": "ea", "b": "eb", "c": None}, **more)
    history.calls += [Call(name, *one) for one in calls]
    history.calls += [Call(name, *one, is_certain=False) for one in perhaps]
    if versioned:
        writes = [one.step.write for one in history.calls if isinstance(one.step, (Put, Delete)) and one.is_certain]
        history.ids += [(write, f"i{write}") for write in writes]
    return history
