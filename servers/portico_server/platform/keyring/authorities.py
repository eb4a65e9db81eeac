"""The certificate authorities that a platform trusts: the one that issues, and, while they change, others beside it.

The one that issues is `authority.key` and `authority.pem` in the folder of keys; each other one is a pair in
`authorities/`, named by the digest of its certificate. To change the authority is to add another one, to have it issue
once everybody trusts it, and to remove the one of before once nobody shows its certificates any more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from portico_server.platform.keyring.authority import Authority, load_private_key, new_private_key
from portico_server.platform.keyring.key_files import parsed, parsed_file
from portico_server.platform.private_files import (
    locked,
    make_private_folder,
    replace_file,
    replace_pair,
    settle_pair,
)

MAX_AUTHORITIES = 4
"""Trusted at once."""

_OTHERS = "authorities"


class AuthorityError(Exception):
    """What was asked of the authorities cannot be done; the message says why, and what to do."""


class Authorities:
    """The authorities in a folder of keys. What others change in it is noticed at the next use."""

    def __init__(self, folder: Path, trust_domain: str) -> None:
        """Makes the first one where there is none. Raises OSError; ValueError, which names the file that is not the
        key or certificate that it should be."""
        self._folder = folder
        self._trust_domain = trust_domain
        self._stamp: object = None
        self._trusted = self._look()

    @property
    def issuing(self) -> Authority:
        """The one that certificates are issued by."""
        return self.trusted[0]

    @property
    def trusted(self) -> list[Authority]:
        """All whose certificates are good, the one that issues first. Where files that have changed cannot be used, it
        is those of before; to open them says why."""
        with contextlib.suppress(OSError, ValueError):
            self._trusted = self._look()
        return self._trusted

    @property
    def certificates_pem(self) -> bytes:
        """Their certificates, PEM, the one that issues first."""
        return b"".join(authority.certificate_pem for authority in self.trusted)

    def have_issued(self, certificate: x509.Certificate) -> bool:
        """Whether the certificate is of one of them."""
        return any(authority.has_issued(certificate) for authority in self.trusted)

    def revocation_lists(self, serial_numbers: Iterable[int], *, lifetime_seconds: int) -> bytes:
        """A list of each (CRL, PEM): whoever checks certificates by one authority's list needs that of every other."""
        numbers = list(serial_numbers)
        lists = (item.revocation_list(numbers, lifetime_seconds=lifetime_seconds) for item in self.trusted)
        return b"".join(lists)

    def add(self) -> Authority:
        """Makes another one, which is trusted and issues nothing yet. Raises AuthorityError."""
        with locked(self._folder):
            if len(self._read()) >= MAX_AUTHORITIES:
                raise AuthorityError(f"{MAX_AUTHORITIES} authorities are trusted already: remove one first")
            pem = new_private_key()
            key = load_private_key(pem)
            certificate = Authority.create_certificate(key, self._trust_domain, further=True)
            added = Authority(x509.load_pem_x509_certificate(certificate), key)
            self._keep(added)
        return added

    def use(self, wanted: str) -> Authority:
        """Has another one issue from now on; the one that did stays trusted. `wanted` is its id, or the beginning of
        it. Raises AuthorityError."""
        with locked(self._folder):
            trusted = self._read()
            chosen, before = _find(trusted, wanted), trusted[0]
            if chosen is not before:
                key_path, certificate_path = self._paths()
                self._keep(before)
                replace_pair(key_path, chosen.key_pem, certificate_path, chosen.certificate_pem)
                self._forget(chosen)
        return chosen

    def remove(self, wanted: str) -> Authority:
        """Trusts one no more, and destroys its key. Raises AuthorityError for the one that issues."""
        with locked(self._folder):
            trusted = self._read()
            chosen = _find(trusted, wanted)
            if chosen is trusted[0]:
                raise AuthorityError(f"{chosen.id} is the authority that issues: have another one issue first")
            self._forget(chosen)
        return chosen

    def _look(self) -> list[Authority]:
        """What the files hold; they are read again where they have changed."""
        stamp = self._stamp_now()
        if stamp is not None and stamp == self._stamp:
            return self._trusted
        make_private_folder(self._folder / _OTHERS)
        with locked(self._folder):
            found = self._read()
            self._stamp = self._stamp_now()
        return found

    def _read(self) -> list[Authority]:
        """Call with the folder locked."""
        key_path, certificate_path = self._paths()
        settle_pair(key_path, certificate_path)
        key = parsed_file(key_path, new_private_key, load_private_key)
        certificate = parsed_file(
            certificate_path,
            lambda: Authority.create_certificate(key, self._trust_domain),
            x509.load_pem_x509_certificate,
        )
        if certificate.public_key() != key.public_key():
            raise ValueError(f"{certificate_path} is not the certificate of {key_path}")
        issuing = Authority(certificate, key)
        others = map(_opened, sorted((self._folder / _OTHERS).glob("*.pem")))
        return [issuing, *(other for other in others if other.id != issuing.id)]

    def _keep(self, authority: Authority) -> None:
        """Beside the one that issues. The certificate last: it makes the pair count."""
        path = self._folder / _OTHERS / authority.id
        replace_file(path.with_suffix(".key"), authority.key_pem)
        replace_file(path.with_suffix(".pem"), authority.certificate_pem)

    def _forget(self, authority: Authority) -> None:
        path = self._folder / _OTHERS / authority.id
        path.with_suffix(".pem").unlink(missing_ok=True)
        path.with_suffix(".key").unlink(missing_ok=True)

    def _paths(self) -> tuple[Path, Path]:
        return self._folder / "authority.key", self._folder / "authority.pem"

    def _stamp_now(self) -> object:
        try:
            found = [path.stat() for path in (*self._paths(), self._folder / _OTHERS)]
        except FileNotFoundError:
            return None
        return [(item.st_mtime_ns, item.st_ino) for item in found]


def _opened(certificate_path: Path) -> Authority:
    key_path = certificate_path.with_suffix(".key")
    key = parsed(key_path, key_path.read_bytes(), load_private_key)
    certificate = parsed(certificate_path, certificate_path.read_bytes(), x509.load_pem_x509_certificate)
    if certificate.public_key() != key.public_key():
        raise ValueError(f"{certificate_path} is not the certificate of {key_path}")
    return Authority(certificate, key)


def _find(trusted: list[Authority], wanted: str) -> Authority:
    """The one whose id is `wanted`, or begins with it. Raises AuthorityError."""
    found = [authority for authority in trusted if wanted and authority.id.startswith(wanted.lower())]
    if len(found) != 1:
        there = ", ".join(authority.id for authority in trusted)
        raise AuthorityError(f"{wanted!r} names {len(found) or 'none'} of the authorities: there are {there}")
    return found[0]
