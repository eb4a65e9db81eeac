"""Revocations as they are kept: a file in the folder of keys, a line each."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

FILE = "revocations.jsonl"
"""In the folder of keys, which is as dear."""

ANY_ACCOUNT = ""
"""The account of what the platform's operator has revoked, on its machine: it bears on all."""


class Kind(enum.StrEnum):
    """What `Revocation.subject` is."""

    TOKEN = "token"  # noqa: S105 - a kind
    """A token's id (`jti`)."""
    FINGERPRINT = "fingerprint"
    """SHA-256 of a certificate's DER, in hexadecimal."""
    SERIAL = "serial"
    """A certificate's serial number, in hexadecimal without leading zeros."""
    PRINCIPAL = "principal"
    """A principal's name: its tokens issued before `issued_before`."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """One revocation, of what belongs to `account` (a name). Times are seconds since 1970.

    `listed_serial`: the serial number, in hexadecimal, of a certificate that is known to be of this account, so that it
    may stand on the list that handshakes are checked against, which knows no accounts.
    """

    kind: Kind
    account: str
    subject: str
    revoked_at: int
    expires_at: int
    issued_before: int = 0
    revoked_by: str = ""
    reason: str = ""
    listed_serial: str = ""

    @property
    def id(self) -> str:
        """The same for the same subject: revoking twice is revoking once."""
        return revocation_id(self.kind, self.account, self.subject)

    def to_line(self) -> bytes:
        fields = dataclasses.asdict(self)
        if not self.listed_serial:
            del fields["listed_serial"]  # a release of before knows no such field
        return json.dumps(fields, ensure_ascii=True).encode() + b"\n"


def revocation_id(kind: Kind, account: str, subject: str) -> str:
    digest = hashlib.sha256(f"{account} {kind} {subject}".encode()).hexdigest()
    return f"{kind}-{digest[:32]}"


def of_line(line: bytes) -> Revocation:
    """Raises ValueError for what is no revocation."""
    fields = json.loads(line)
    try:
        return Revocation(**{**fields, "kind": Kind(fields["kind"])})
    except (TypeError, KeyError) as error:
        raise ValueError(str(error)) from error


def in_force(path: Path, now: float) -> list[Revocation]:
    """All that a file of them holds and that have not expired, by account: for the operator, on the machine. Raises
    OSError, ValueError."""
    found: dict[str, Revocation] = {}
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):  # else it was cut short by a crash, never acknowledged
                    revocation = of_line(line)
                    found[revocation.id] = revocation
    return sorted((item for item in found.values() if item.expires_at > now), key=lambda item: (item.account, item.id))
