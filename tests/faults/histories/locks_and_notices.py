"""Histories with locks, with what expires, and with what a queue tells, by which the checker is tried."""

from __future__ import annotations

from tests.faults.histories.calls import (
    DeleteVersion,
    History,
    Hold,
    KeptByLock,
    Key,
    Listing,
    Lock,
    Put,
    Read,
    ReadVersion,
    Refused,
    Retain,
    Seen,
    Tag,
    Told,
)
from tests.faults.histories.made import GONE, PUT_A, PUT_B, A, B, One, of
from tests.faults.histories.search import NEVER

KEY, OTHER = Key("bucket", "k"), Key("bucket", "other")
HELD, GOVERNED, COMPLIED = (Put("a", lock=lock) for lock in (Lock(hold=True), Lock("GOVERNANCE"), Lock("COMPLIANCE")))
DELETED, BYPASSED = DeleteVersion("ia"), DeleteVersion("ia", bypass=True)
BRIEF = Put("a", lives=10)
CREATED, TAGGED, GONE_TOLD = (("created", "a", 9), ("tagged", "a", 9), ("deleted", "a", 9))

Calls = tuple[One, ...]
Event = tuple[str, str, float]


def locked(*calls: One, perhaps: Calls = ()) -> History:
    return of(*calls, perhaps=perhaps, versioned=True)


def told(*events: Event, calls: Calls, perhaps: Calls = (), versioned: bool = False) -> History:
    """`events`: what is told of which write (`d` is a marker), and when it is read."""
    made = [
        Told(event, f"i{write}" if versioned else "null", "" if write == "d" else f"e{write}", write == "d", at)
        for event, write, at in events
    ]
    return of(*calls, perhaps=perhaps, told={KEY: made}, versioned=versioned)


def listed(found: dict[str, str], begin: float) -> History:
    listings = [Listing("bucket", begin, begin + 1, "", found)]
    return of((0, 1, BRIEF), listings=listings)


POSSIBLE = {
    "a hold keeps": locked((0, 1, HELD), (2, 3, KeptByLock(BYPASSED)), (4, 5, ReadVersion("ia", A))),
    "a hold is let go": locked(
        (0, 1, HELD), (2, 3, Hold("ia", False)), (4, 5, DELETED), (6, 7, ReadVersion("ia", None))
    ),
    "governance is bypassed": locked((0, 1, GOVERNED), (2, 3, KeptByLock(DELETED)), (4, 5, BYPASSED)),
    "a hold without an answer keeps": locked(
        (0, 1, PUT_A), (4, 5, KeptByLock(DELETED)), perhaps=((2, NEVER, Hold("ia", True)),)
    ),
    "a retention becomes stricter": locked(
        (0, 1, GOVERNED),
        (2, 3, KeptByLock(Retain("ia", "COMPLIANCE"))),
        (4, 5, Retain("ia", "COMPLIANCE", bypass=True)),
        (6, 7, Read(Seen("a", "ea", Lock("COMPLIANCE")))),
    ),
    "what expires is there before, and gone after": of((0, 1, BRIEF), (9, 10, Read(A)), (12, 13, Read(None))),
    "what expires may be gone when a read ends": of((0, 1, BRIEF), (9, 10.5, Read(None)), (10, 11, Read(A))),
    "what has expired is absent for conditions": of(
        (0, 1, BRIEF), (12, 13, Put("b", if_absent=True)), (14, 15, Read(B))
    ),
    "a list before": listed({"k": "ea"}, 8),
    "a list after": listed({}, 12),
    "each change is told": told(
        CREATED,
        TAGGED,
        GONE_TOLD,
        calls=((0, 1, PUT_A), (2, 3, Tag("t")), (4, 5, GONE)),
    ),
    "versions and markers are told": told(
        CREATED,
        ("deleted", "d", 9),
        GONE_TOLD,
        calls=((0, 1, PUT_A), (2, 3, GONE), (4, 5, DELETED)),
        versioned=True,
    ),
    "a put without an answer is told": told(CREATED, calls=((4, 5, Read(A)),), perhaps=((0, NEVER, PUT_A),)),
    "a put without an answer is not told": told(calls=((4, 5, Read(None)),), perhaps=((0, NEVER, PUT_A),)),
    "two puts at once are told in their order": told(
        ("created", "b", 9), CREATED, calls=((0, 5, PUT_A), (1, 4, PUT_B), (6, 7, Read(A)))
    ),
    "an expiry is told": told(("created", "a", 20), ("expired", "a", 20), calls=((0, 1, BRIEF), (21, 22, Read(None)))),
    "a put comes before the expiry is told": told(
        ("created", "a", 20), ("created", "b", 20), calls=((0, 1, BRIEF), (12, 13, PUT_B))
    ),
    "nobody is told of a delete of nothing": told(calls=((0, 1, GONE),)),
}

IMPOSSIBLE = {
    "a held version is deleted": locked((0, 1, HELD), (2, 3, BYPASSED)),
    "a held version is lost": locked((0, 1, HELD), (4, 5, ReadVersion("ia", None)), perhaps=((2, NEVER, DELETED),)),
    "a hold is lost": locked((0, 1, PUT_A), (2, 3, Hold("ia", True)), (4, 5, Read(Seen("a", "ea", Lock())))),
    "a hold comes back": locked((0, 1, HELD), (2, 3, Hold("ia", False)), (4, 5, KeptByLock(DELETED))),
    "governance keeps nobody": locked((0, 1, GOVERNED), (2, 3, DELETED)),
    "governance keeps who bypasses it": locked((0, 1, GOVERNED), (2, 3, KeptByLock(BYPASSED))),
    "compliance is bypassed": locked((0, 1, COMPLIED), (2, 3, BYPASSED)),
    "compliance is taken away": locked((0, 1, COMPLIED), (2, 3, Retain("ia", "", bypass=True))),
    "what is not locked is kept": locked((0, 1, PUT_A), (2, 3, KeptByLock(DELETED))),
    "what is gone is kept": locked((0, 1, HELD), (2, 3, Hold("ix", True))),
    "what expires is gone before": of((0, 1, BRIEF), (8, 9, Read(None))),
    "what expired is read": of((0, 1, BRIEF), (12, 13, Read(A))),
    "what expired holds up a condition": of((0, 1, BRIEF), (12, 13, Refused(if_absent=True))),
    "a list lacks what expires later": listed({}, 8),
    "a list shows what has expired": listed({"k": "ea"}, 12),
    "a put is not told": told(calls=((0, 1, PUT_A),)),
    "a put is told twice": told(CREATED, CREATED, calls=((0, 1, PUT_A),)),
    "puts are told in the wrong order": told(("created", "b", 9), CREATED, calls=((0, 1, PUT_A), (2, 3, PUT_B))),
    "a put is told before it began": told(("created", "a", 1), calls=((2, 3, PUT_A),)),
    "what did not happen is told": told(CREATED, calls=((10, 11, Read(None)),), perhaps=((0, NEVER, PUT_A),)),
    "what was refused is told": told(
        CREATED, ("created", "b", 9), calls=((0, 1, PUT_A), (2, 3, Refused(if_absent=True)))
    ),
    "a delete of nothing is told": told(GONE_TOLD, calls=((0, 1, GONE),)),
    "a marker is not told": told(CREATED, calls=((0, 1, PUT_A), (2, 3, GONE)), versioned=True),
    "another version is told": told(
        CREATED,
        ("created", "b", 9),
        ("deleted", "b", 9),
        calls=((0, 1, PUT_A), (2, 3, PUT_B), (4, 5, DELETED)),
        versioned=True,
    ),
    "a change of tags is told that was not": told(CREATED, TAGGED, calls=((0, 1, PUT_A),)),
    "an expiry is told of what is there": told(
        ("created", "a", 20), ("expired", "a", 20), calls=((0, 1, PUT_A), (21, 22, Read(A)))
    ),
    "an expiry is told before its time": told(CREATED, ("expired", "a", 5), calls=((0, 1, BRIEF), (6, 7, Read(A)))),
    "a key is told of that nobody touched": of(
        (0, 1, PUT_A), told={KEY: [Told("created", "", "ea", False, 9)], OTHER: []}
    ),
}
