"""In which store the bytes of a bucket go: by its jurisdiction, which is kept, and its location, which is a hint.

A jurisdiction is only recorded as long as no store has one: a platform that stands in one place has nothing to choose.
As soon as one has, it holds for every byte that is written, small ones too.
"""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.objects.errors import JurisdictionUnavailable
from portico_server.objects.records import Bucket
from portico_server.platform.blobs import LOCAL, Store, store_of


class Placing:
    """Chooses among the stores, of which the first is the usual one."""

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = stores
        self._jurisdictions = {store.name: store.jurisdiction for store in stores}
        self.restricts = any(self._jurisdictions.values())
        """Whether jurisdictions are kept. Where they are not, nothing needs to be asked."""

    def check(self, jurisdiction: str, field: str = "") -> None:
        """Raises JurisdictionUnavailable where nothing can be put in it."""
        if self.restricts and jurisdiction and jurisdiction not in self._jurisdictions.values():
            there = ", ".join(sorted(self.jurisdictions))
            raise JurisdictionUnavailable(
                f"no store of this platform is in the jurisdiction {jurisdiction}; there are: {there}",
                field=field,
                jurisdiction=jurisdiction,
                jurisdictions=there,
            )

    def store_for(self, bucket: Bucket) -> str:
        """Where new bytes of the bucket go. Raises JurisdictionUnavailable."""
        self.check(bucket.jurisdiction)
        found = self.placement(bucket)
        assert found is not None  # there is one, as was checked
        return found.name

    def placement(self, bucket: Bucket) -> Store | None:
        """The store where new bytes of the bucket go; None where none is in its jurisdiction."""
        allowed = [store for store in self._stores if self._fits(bucket, store.name)]
        if bucket.location_hint:
            for store in allowed:
                if store.location == bucket.location_hint:
                    return store
        return allowed[0] if allowed else None

    @property
    def jurisdictions(self) -> set[str]:
        """Those in which stores are."""
        return {one for one in self._jurisdictions.values() if one}

    @property
    def locations(self) -> set[str]:
        """Those at which stores are."""
        return {store.location for store in self._stores if store.location}

    def is_inline(self, bucket: Bucket) -> bool:
        """Whether small bytes may stand in the database, which is where the local store is."""
        return self._fits(bucket, LOCAL)

    def is_placed(self, bucket: Bucket, blob_id: str) -> bool:
        """Whether the bucket may have bytes that are there; empty: in the database."""
        return self._fits(bucket, store_of(blob_id))

    def _fits(self, bucket: Bucket, store: str) -> bool:
        if not self.restricts or not bucket.jurisdiction:
            return True
        return self._jurisdictions.get(store) == bucket.jurisdiction


ANYWHERE = Placing([Store(LOCAL)])
"""That of a platform that has nothing to choose."""
