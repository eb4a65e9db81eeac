"""Part of authorize: a call that names the policy revision that its caller has seen waits until that one is decided by
here, for a while, and is refused if it does not come."""

from __future__ import annotations

import asyncio
from time import monotonic

import grpc

from portico_server.platform.access.revision import HEADER, CatchUp, sent
from portico_server.platform.access.sharing import SharedPolicies
from portico_server.platform.call import Call
from portico_server.platform.database import DatabaseError
from portico_server.platform.errors import ApiError, invalid_argument

WAIT_SECONDS = 2.0
"""At most; other nodes have a change within one."""
_POLL_SECONDS = 0.01
_SPARE_SECONDS = 0.05
"""Of the call's own time, to be told in why it was refused."""
_RETRY_SECONDS = 0.5


class PolicyRevisions:
    """`kept`: whether accounts have policies here; where not, any revision is good, for none is decided by."""

    def __init__(self, shared: SharedPolicies, *, kept: bool = True, wait_seconds: float = WAIT_SECONDS) -> None:
        self._shared = shared
        self._kept = kept
        self._wait_seconds = wait_seconds
        self._catch_up: CatchUp | None = None

    def ask(self, catch_up: CatchUp) -> None:
        """From now on of what keeps the policies, in this process."""
        self._catch_up = catch_up

    def missing(self, call: Call) -> int:
        """The revision that the call names, if it has to be waited for; else 0. Raises ApiError for what is none."""
        try:
            wanted = sent(call.headers)
        except ValueError:
            raise invalid_argument(
                HEADER, "must be a policy revision, as a change answered it: a number", "INVALID_POLICY_REVISION"
            ) from None
        return wanted if self._kept and wanted > self._shared.revision else 0

    async def wait_for(self, wanted: int, call: Call) -> None:
        """Until it is decided by here. Raises ApiError: the store does not have it, or it did not come in time."""
        end = monotonic() + self._wait_seconds
        if (left := call.context.time_remaining()) is not None:
            end = min(end, monotonic() + left - _SPARE_SECONDS)
        if await self._ask_store(wanted, end - monotonic()) < wanted:
            raise invalid_argument(
                HEADER,
                f"there is no policy revision {wanted} in the store: it is of another platform, or of a time before "
                "this one was restored; leave the header out",
                "POLICY_REVISION_UNKNOWN",
            )
        while self._shared.revision < wanted:
            if monotonic() >= end:
                raise ApiError(
                    grpc.StatusCode.UNAVAILABLE,
                    "POLICY_REVISION_BEHIND",
                    f"the policies of revision {wanted}, which the header {HEADER} names, are not known here yet: "
                    "nothing was done, try again",
                    retry_after_seconds=_RETRY_SECONDS,
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def _ask_store(self, wanted: int, seconds: float) -> int:
        """The store's revision; where it cannot be asked, the one that is hoped for."""
        if self._catch_up is None or seconds <= 0:
            return wanted
        try:
            async with asyncio.timeout(seconds):
                return await self._catch_up(wanted)
        except (TimeoutError, DatabaseError, OSError):
            return wanted
