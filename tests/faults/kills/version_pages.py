"""What a page of a list of versions shows, key by key."""

from __future__ import annotations

from typing import Any

from tests.faults.histories.calls import Seen

IN_ORDER = "VersionIdsInOrder"
"""Where `looking.tell_order` puts the ids as they came."""


class VersionPage:
    """`versions`: of each name, the newest first; None for markers. `current`: the ETags of what is current.

    It tells of the names behind `after` and up to `last` (None: to the end) what is current.
    """

    def __init__(self, answer: Any, after: str) -> None:
        self.after = after
        self.versions: dict[str, tuple[tuple[str, Seen | None], ...]] = {}
        self.current: dict[str, str] = {}
        found = {one["VersionId"]: one for one in (*answer.get("Versions", []), *answer.get("DeleteMarkers", []))}
        for version in answer[IN_ORDER]:
            name, etag = found[version]["Key"], found[version].get("ETag", "").strip('"')
            seen = Seen(etag=etag) if etag else None
            self.versions[name] = (*self.versions.get(name, ()), (version, seen))
            if seen and found[version]["IsLatest"] and name != after:
                self.current[name] = etag
        self.last = max(self.versions, default=None) if answer["IsTruncated"] else None

    def shows_all_of(self, name: str) -> bool:
        """And not only of those before or behind a page's end."""
        return self.after < name and (self.last is None or name < self.last)
