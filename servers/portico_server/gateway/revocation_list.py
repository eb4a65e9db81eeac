"""The operator's own list of revoked certificates (CRL, RFC 5280): a file in the data directory, taken into the log of
revocations.

It must be signed by an authority of the platform, as `openssl ca -gencrl` does. What it holds is revoked as by any
other revocation: in handshakes and at each call, and finally; a later list takes nothing back.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import structlog
from cryptography import x509

from portico_server.gateway.revocation_log import LogFull, RevocationLog
from portico_server.platform.keyring.authorities import Authorities
from portico_server.platform.revocations import ANY_ACCOUNT, Kind, Revocation

OPERATORS_LIST = "crl.pem"
"""In the data directory."""

POLL_SECONDS = 0.5
MAX_BYTES = 4 * 1024 * 1024
KEPT_SECONDS = 400 * 24 * 3600
"""A list does not say when its certificates expire; none of ours lives longer."""

_REASON = "it stands on the operator's list"
_BEGIN = b"-----BEGIN X509 CRL-----"

_log = structlog.get_logger(__name__)


class OperatorsList:
    """The list at `path`. `problem` says why it cannot be used, in a sentence; what was taken of it before holds."""

    def __init__(self, path: Path, authorities: Authorities, log: RevocationLog) -> None:
        self._path = path
        self._authorities = authorities
        self._log = log
        self._stamp: object = None
        self.problem = ""

    async def follow(self) -> None:
        """Takes in the file whenever it is replaced, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._stamp_now() != self._stamp:
                await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Takes the file in, if there is one. Blocks."""
        self._stamp = self._stamp_now()
        problem = ""
        if self._stamp is not None:
            try:
                self._log.add(*map(_revocation, self._serial_numbers()))
            except LogFull:
                problem = f"{self._path} lists more certificates than can be revoked"
            except (OSError, ValueError) as error:
                problem = f"{self._path}: {error}"
        if problem and problem != self.problem:
            _log.error("operators_list_not_read", error=problem, remedy="mend the file; what it held before holds")
        self.problem = problem

    def _serial_numbers(self) -> list[int]:
        """Raises OSError, ValueError."""
        with self._path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES} bytes")
        if _BEGIN in content:
            lists = [x509.load_pem_x509_crl(_BEGIN + part) for part in content.split(_BEGIN)[1:]]
        else:
            lists = [x509.load_der_x509_crl(content)]
        return [revoked.serial_number for each in lists for revoked in self._checked(each)]

    def _checked(self, found: x509.CertificateRevocationList) -> x509.CertificateRevocationList:
        keys = [item.certificate.public_key() for item in self._authorities.trusted]
        # A certificate may hold keys that cannot sign; an authority's has signed its own.
        if not any(found.is_signature_valid(key) for key in keys):  # type: ignore[arg-type]
            raise ValueError("it is not signed by an authority of this platform")
        if any(isinstance(extension.value, x509.DeltaCRLIndicator) for extension in found.extensions):
            raise ValueError("it lists the changes of another list only: give a whole one")
        return found

    def _stamp_now(self) -> object:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _revocation(serial_number: int) -> Revocation:
    now, serial = int(time.time()), f"{serial_number:x}"
    return Revocation(Kind.SERIAL, ANY_ACCOUNT, serial, now, now + KEPT_SECONDS, reason=_REASON, listed_serial=serial)
