"""The permissions that there are: what the methods of all products ask of their callers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from portico_server.access.resources import ResourceTypes
from portico_server.platform.access.permissions import covers
from portico_server.platform.methods import Method, Mode


@dataclass(frozen=True, slots=True)
class Permission:
    """`methods` ask for it: `portico.objects.v1.ObjectService/GetObject`. `read_only`: one of them changes
    nothing, so it is needed to look at things."""

    name: str
    methods: tuple[str, ...]
    read_only: bool


class Permissions(Mapping[str, Permission]):
    """By name, in order; and the types of resources that they are asked for on."""

    def __init__(self, methods: Iterable[Method]) -> None:
        methods = tuple(methods)
        self.resource_types = ResourceTypes(methods)
        asking: dict[str, list[Method]] = {}
        for method in methods:
            for permission in method.permissions:
                asking.setdefault(permission, []).append(method)
        self._by_name = {
            name: Permission(
                name,
                tuple(sorted({method.path[1:] for method in found})),
                any(method.read_only for method in found),
            )
            for name, found in sorted(asking.items())
        }
        self._of_own = {each.permission for method in methods for each in method.requirements if each.mode is Mode.OWN}
        parts = [name.split(".") for name in self._by_name]
        self._wildcards = {"*", *(f"{part[0]}.*" for part in parts), *(f"{part[0]}.{part[1]}.*" for part in parts)}

    def __getitem__(self, name: str) -> Permission:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def is_read(self, name: str) -> bool:
        return self._by_name[name].read_only

    def is_for_own(self, name: str) -> bool:
        """Whether who belongs to the account needs it for what is others' alone, unless it is denied."""
        return name in self._of_own

    def are_meant_by(self, pattern: str) -> bool:
        """Whether a permission, or a wildcard in its place, means any that there are."""
        return pattern in self._by_name or pattern in self._wildcards


def overlaps(pattern: str, other: str) -> bool:
    """Whether there may be a permission that both mean."""
    return covers(pattern, other) or covers(other, pattern)
