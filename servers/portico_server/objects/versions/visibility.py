"""Which keys of a bucket a caller may see, as ranges that a list reads and seeks within, hence before paging."""

from __future__ import annotations

from collections.abc import Iterable

from portico_server.objects import text
from portico_server.objects.text import TextRange
from portico_server.platform.authorization import Filter


def visible_keys(shown: Filter, bucket: str) -> list[TextRange]:
    """The ranges of a bucket's keys that may be shown, in order."""
    container = f"{bucket}/objects/"
    allowed = [text.EVERYTHING] if shown.everything else list(_tails(shown.allow, container))
    for part in shown.parts:
        within = text.union(_tails((part.entry,), container))
        allowed += text.difference(within, text.union(_tails(part.without, container)))
    return text.difference(text.union(allowed), text.union(_tails(shown.deny, container)))


def sees_nothing(shown: Filter, bucket: str) -> bool:
    """Whether no key of a bucket may be shown. Then its list is empty whether there is such a bucket or not: who may
    see nothing of it is not to learn that it is there."""
    return not shown.everything and not visible_keys(shown, bucket)


def _tails(entries: Iterable[str], container: str) -> Iterable[TextRange]:
    """Each entry stands for itself and everything below it; see `authorization.below`."""
    for entry in entries:
        folder = entry if entry.endswith("/") else entry + "/"
        if container.startswith(folder):
            yield text.EVERYTHING
        elif entry.startswith(container):
            if folder != entry:
                yield text.only(entry.removeprefix(container))
            yield text.beginning_with(folder.removeprefix(container))
