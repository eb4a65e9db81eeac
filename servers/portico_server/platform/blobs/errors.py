"""What callers are told of stores of bytes that are not on this machine. Each names the store, none of its secrets."""

from __future__ import annotations

from grpc import StatusCode

from portico_server.platform.errors import ApiError

_RETRY_AFTER_SECONDS = 2.0


class StoreError(ApiError):
    """A store did not do what it was asked for. `problem` is for the operator, and says why."""

    problem = ""


class StoreUnreachable(StoreError):
    """It does not answer, or not now."""

    def __init__(self, store: str, problem: str) -> None:
        super().__init__(
            StatusCode.UNAVAILABLE,
            "STORE_UNREACHABLE",
            f"the store {store} cannot be reached: bytes in it cannot be read now, and what was to be written there is "
            "not stored; try again",
            metadata={"store": store},
            retry_after_seconds=_RETRY_AFTER_SECONDS,
        )
        self.problem = f"cannot be reached: {problem}"


class StoreFull(StoreError):
    """It has no room."""

    def __init__(self, store: str, problem: str) -> None:
        super().__init__(
            StatusCode.RESOURCE_EXHAUSTED,
            "STORAGE_FULL",
            f"the store {store} is full; nothing was stored, and what is stored is intact; make room and try again",
            metadata={"store": store},
        )
        self.problem = f"is full: {problem}"


class StoreRefused(StoreError):
    """It does not let the platform do this: its operator has to mend what the store is described by."""

    def __init__(self, store: str, problem: str) -> None:
        super().__init__(
            StatusCode.INTERNAL,
            "STORE_REFUSED",
            f"the store {store} refuses the platform what this needs; what was to be written there is not stored; "
            "`portico status` tells its operator why",
            metadata={"store": store},
        )
        self.problem = f"refuses: {problem}"


class StoreLoop(StoreError):
    """What is asked of it comes round: it is this platform, or leads back to it, or in a circle further on."""

    def __init__(self, store: str, platform: str, *, is_further_on: bool) -> None:
        """`platform` has found that out; empty: it did not say so."""
        where = "in a circle of platforms" if is_further_on else "back to this platform"
        super().__init__(
            StatusCode.INTERNAL,
            "STORE_LOOP",
            f"the store {store} leads {where}: nothing is written or removed there; its operator describes another "
            "endpoint in stores.toml",
            metadata={"store": store} | ({"platform": platform} if platform else {}),
        )
        mend = "describe another endpoint or bucket in stores.toml"
        if is_further_on:
            mend += ", here or on one of those"
        self.problem = f"leads {where}: nothing is written or removed there; {mend}"


class StoreUnknown(StoreError):
    """No store of that name is described, though bytes are in it."""

    def __init__(self, store: str) -> None:
        super().__init__(
            StatusCode.UNAVAILABLE,
            "STORE_UNKNOWN",
            f"the bytes are in the store {store[:64]!r}, which this node does not know; its operator describes it in "
            "stores.toml",
            metadata={"store": store[:64]},
        )
        self.problem = "holds bytes of this platform, and stores.toml does not describe it"
