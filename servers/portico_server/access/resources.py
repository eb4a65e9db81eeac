"""The types of resources that there are: what a name in a policy, or in a question, can mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from portico_server.access.errors import UnknownResourceType
from portico_server.platform.methods import Method
from portico_server.platform.resource_types import Collections


class ResourceTypes:
    """Those of all contracts. Where one does not say what its names are, any are taken."""

    def __init__(self, methods: Iterable[Method]) -> None:
        told = [method.resource_types for method in methods]
        self._all_are_told = None not in told
        self._known: set[Collections] = {()}
        for types in told:
            for collections in types or ():
                self._known.update(collections[: length + 1] for length in range(len(collections)))

    def check(self, name: str, field: str) -> None:
        """Of a well-formed name, or prefix of a key. Raises UnknownResourceType."""
        wanted = _collections(name)
        if not self._all_are_told or wanted in self._known:
            return
        known = next(wanted[:length] for length in range(len(wanted), -1, -1) if wanted[:length] in self._known)
        wrong = wanted[len(known)]
        there_are = sorted(each[-1] for each in self._known if each and each[:-1] == known)
        near = difflib.get_close_matches(wrong, there_are, 1)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(there_are) or 'none'}"
        raise UnknownResourceType(
            f"{field}: {name} is no resource: there are no {wrong} in {'/'.join(('an account', *known))}; {meant}",
            field=field,
        )


def _collections(name: str) -> Collections:
    found = tuple(name.split("/")[2::2])
    if "objects" in found:
        return found[: found.index("objects") + 1]  # behind it stands a key, which may look like collections
    return found
