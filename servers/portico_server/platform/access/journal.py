"""The policies of an account as a file: a document of all that they were, and lines of what has changed since.

    {"account": "accounts/a", "revision": 41, …}     of the document; and what tells the file from others
    {…}                                              the document (`documents.py`)
    {"revision": 42, "elements": [[name, {…}]], …}   a change, one a line, and so on

Readers take what they know, so that those of the release before, which run on while processes are replaced, are not
stopped by what came later: it has a place of its own in document and line.
A change costs its writer and its readers what has changed, not what there is. A line that has no end yet is not there:
whoever wrote it has not acknowledged anything.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portico_server.platform.access import documents
from portico_server.platform.access.changes import KINDS, Element
from portico_server.platform.access.model import AccountPolicies
from portico_server.platform.access.snapshot import Snapshot

_END = b"\n"

MOST_ELEMENTS = 64
"""If more than this has changed, all is compiled anew: one by one it would take longer."""


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two states of an account. `elements`: by name; None: gone. `revision`: of the later."""

    revision: int
    elements: Mapping[str, Element | None]
    sets: Mapping[str, tuple[frozenset[str], frozenset[str]]]
    """By field: what is in a set of AccountPolicies now, and what is not any more."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What a file says, up to the byte `end`. `document`: None where only its end was read."""

    document: AccountPolicies | None
    changes: tuple[Change, ...]
    revision: int
    end: int

    def policies(self) -> AccountPolicies:
        """As of the last change."""
        assert self.document is not None
        found = self.document
        fields: dict[str, Any] = {field: dict(getattr(found, field)) for field, _ in KINDS.values()}
        sets: dict[str, Any] = {name: getattr(found, name) for name in documents.SETS}
        for change in self.changes:
            for name, element in change.elements.items():
                elements = fields[_field_of(name)]
                if element is None:
                    elements.pop(name, None)
                else:
                    elements[name] = element
            for name, (come, gone) in change.sets.items():
                sets[name] = (sets[name] - gone) | come
        return dataclasses.replace(found, **fields, **sets)


def difference(before: AccountPolicies, after: AccountPolicies, revision: int) -> Change:
    """What of `before` must change for it to be `after`. Quick where both share what is the same."""
    elements: dict[str, Element | None] = {}
    for field, _ in KINDS.values():
        old, new = getattr(before, field), getattr(after, field)
        if old is new:
            continue
        for name, element in new.items():
            known = old.get(name)
            if known is not element and known != element:
                elements[name] = element
        elements.update((name, None) for name in old.keys() - new.keys())
    sets = {name: (getattr(before, name), getattr(after, name)) for name in documents.SETS}
    changed = {name: (new - old, old - new) for name, (old, new) in sets.items() if old is not new and old != new}
    return Change(revision, elements, changed)


def whole(policies: AccountPolicies, revision: int, writing: str) -> bytes:
    """The file of an account that has no changes yet. `writing` tells it from all others."""
    head = json.dumps({"account": policies.account, "revision": revision, "writing": writing}).encode()
    return head + _END + documents.to_document(policies, revision) + _END


def line(change: Change) -> bytes:
    elements: list[Any] = []
    later: list[Any] = []
    for name, element in change.elements.items():
        told = later if _field_of(name) in documents.LATER else elements
        told.append((name, element))
    sets = {name: [sorted(come), sorted(gone)] for name, (come, gone) in change.sets.items()}
    fields = {"revision": change.revision, "elements": elements, "later_elements": later, "sets": sets}
    return json.dumps(fields, separators=(",", ":"), default=documents.as_json).encode() + _END


def read(content: bytes) -> Journal:
    """A file from its beginning. Raises ValueError."""
    head, _, rest = content.partition(_END)
    document, end, lines = rest.partition(_END)
    if not end:
        raise ValueError("no document of policies: it has no end")
    policies, revision = documents.of_document(document)
    if _head(head) != (policies.account, revision):
        raise ValueError("no document of policies: its head is another one's")
    changes = tuple(_changes(lines))
    consumed = len(content) - len(lines) + lines.rfind(_END) + 1
    return Journal(policies, changes, changes[-1].revision if changes else revision, consumed)


def read_on(content: bytes, behind: int) -> Journal:
    """What stands in a file behind a byte, up to which it was read. Raises ValueError."""
    changes = tuple(_changes(content))
    return Journal(None, changes, changes[-1].revision if changes else 0, behind + content.rfind(_END) + 1)


def revision_of(content: bytes) -> int:
    """To which a file has come, without reading the document; 0 where it cannot be read, or ends in the middle of a
    line, so that nothing can be added to it."""
    if not content.endswith(_END):
        return 0
    head, _, rest = content.partition(_END)
    last = rest[rest.rfind(_END, 0, -1) + 1 :]
    try:
        return _head(head)[1] if last == rest else _revision(json.loads(last))
    except (KeyError, TypeError, ValueError):
        return 0


def document_bytes(content: bytes) -> int:
    """How many bytes a file had when it was written, before changes were added."""
    return content.find(_END, content.find(_END) + 1) + 1


def head_of(content: bytes) -> bytes:
    """What tells a file from one that has taken its place."""
    return content[: content.find(_END)]


def changed_to(snapshot: Snapshot, policies: AccountPolicies, change: Change) -> Snapshot:
    """The snapshot with an account that is in it as the change makes it, which these policies say in full."""
    if len(change.elements) > MOST_ELEMENTS:
        return snapshot.with_account(policies)
    return applied(snapshot, policies.account, change)


def applied(snapshot: Snapshot, account: str, change: Change) -> Snapshot:
    """The snapshot after a change of an account that is in it. Raises ValueError."""
    for field_name, (come, gone) in change.sets.items():
        with_others = snapshot.with_principals if field_name == "principals" else snapshot.with_client_secrets
        snapshot = with_others(account, come, gone)
    for name, element in change.elements.items():
        snapshot = snapshot.with_element(account, name, element)
    return snapshot


def _changes(lines: bytes) -> Iterator[Change]:
    for text in lines.split(_END)[:-1]:  # what is behind the last end is not there yet
        yield _change(text)


def _change(text: bytes) -> Change:
    try:
        fields = json.loads(text)
        told = (*fields["elements"], *fields.get("later_elements", ()))
        elements = {name: None if given is None else _element(name, given) for name, given in told}
        sets = {name: (frozenset(come), frozenset(gone)) for name, (come, gone) in fields["sets"].items()}
        if not sets.keys() <= {*documents.SETS}:
            raise ValueError("no change of policies: of sets that there are not")
        return Change(_revision(fields), elements, sets)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no change of policies: {error!r}") from None


def _element(name: str, given: dict[str, Any]) -> Element:
    made: Callable[[dict[str, Any]], Element] = documents.ELEMENTS[_field_of(name)]
    element = made(given)
    if element.name != name:
        raise ValueError(f"no change of policies: {element.name} stands for {name}")
    return element


def _field_of(name: str) -> str:
    """Of AccountPolicies. Raises ValueError."""
    try:
        return KINDS[name.rsplit("/", 2)[-2]][0]
    except (KeyError, IndexError):
        raise ValueError(f"no change of policies: {name!r} is no name of an element") from None


def _head(text: bytes) -> tuple[str, int]:
    try:
        fields = json.loads(text)
        return fields["account"], _revision(fields)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no document of policies: {error!r}") from None


def _revision(fields: dict[str, Any]) -> int:
    return int(fields["revision"])
