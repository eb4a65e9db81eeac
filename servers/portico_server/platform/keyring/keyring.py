"""All keys of a platform: opened from data/keys, made where they are missing."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico_server.platform.keyring.assertions import AssertionKey
from portico_server.platform.keyring.authorities import Authorities
from portico_server.platform.keyring.authority import CertificateKey, load_private_key, new_private_key
from portico_server.platform.keyring.identity import issuer_of, node_uri
from portico_server.platform.keyring.key_files import parsed_file
from portico_server.platform.keyring.sealing import KEY_BYTES as SEALING_KEY_BYTES
from portico_server.platform.keyring.sealing import Sealing
from portico_server.platform.keyring.tokens import TokenKeys
from portico_server.platform.private_files import make_private_folder

AUDIENCE = "portico"
"""The audience (`aud`) of tokens for this platform."""

LOOPBACK = ("127.0.0.1", "::1")
_PAGE_TOKEN_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate_pem: bytes
    private_key_pem: bytes


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Keyring:
    """What proves who this platform is and whom it has vouched for.

    `authorities` are those that it trusts, `page_token_key` 32 random bytes that sign paging tokens, `assertions` the
    key by which the platform's processes tell one another for whom they call.
    """

    def __init__(
        self,
        trust_domain: str,
        hostnames: Sequence[str],
        authorities: Authorities,
        tokens: TokenKeys,
        page_token_key: bytes,
        assertions: AssertionKey,
        sealing_key: bytes = b"",
    ) -> None:
        self.trust_domain = trust_domain
        self.authorities = authorities
        self.page_token_key = page_token_key
        self.assertions = assertions
        self._hostnames = tuple(hostnames)
        self._tokens = tokens
        self._sealing_key = sealing_key

    @classmethod
    def open(cls, data: Path, trust_domain: str, hostnames: Sequence[str]) -> Keyring:
        """The keyring of a data directory. Raises OSError, or ValueError, which names the file that is not the key
        that it should be."""
        folder = data / "keys"
        make_private_folder(folder)
        make_private_folder(folder / "tokens")
        authorities = Authorities(folder, trust_domain)
        page_token_key = parsed_file(folder / "page-token.key", _new_page_token_key, _page_token_key)
        assertions = parsed_file(
            folder / "assertions.key", new_private_key, lambda content: AssertionKey(trust_domain, content)
        )
        sealing_key = parsed_file(folder / "sealing.key", _new_sealing_key, _sealing_key)
        tokens = TokenKeys(folder / "tokens")
        return cls(trust_domain, hostnames, authorities, tokens, page_token_key, assertions, sealing_key)

    def sealing(self, purpose: str) -> Sealing:
        """Seals what a product must be able to read again; `purpose` is the product's name."""
        return Sealing(self._sealing_key, purpose)

    @property
    def authority_pem(self) -> bytes:
        """The certificates of the authorities that are trusted, PEM, the one that issues first."""
        return self.authorities.certificates_pem

    def issue_certificate(
        self, public_key: CertificateKey, uri: str, *, lifetime_seconds: int, server_names: Sequence[str] = ()
    ) -> bytes:
        """A certificate, PEM; see `Authority.issue`."""
        return self.authorities.issuing.issue(
            public_key, uri, lifetime_seconds=lifetime_seconds, server_names=server_names
        )

    def new_client_certificate(self, uri: str, *, lifetime_seconds: int) -> KeyPair:
        """A client's certificate with a key made for it."""
        return self._new_pair(uri, lifetime_seconds, ())

    def new_node_certificate(self, *, lifetime_seconds: int) -> KeyPair:
        """The node's own certificate, for its host names, the names below them (buckets, in S3's way) and the loopback
        addresses, with a key made for it. It shows it to those who call it and to the nodes that it calls.

        Also for `s3.` before each host name, and those below that: OpenSSL believes no `*.localhost`.
        """
        named = [name for name in self._hostnames if not (name.startswith("*.") or _is_address(name))]
        below = [f"{prefix}{name}" for name in named for prefix in ("*.", "s3.", "*.s3.")]
        names = dict.fromkeys((*self._hostnames, *below, *LOOPBACK))
        return self._new_pair(node_uri(self.trust_domain), lifetime_seconds, tuple(names))

    def sign_token(
        self,
        subject: str,
        *,
        client_id: str,
        lifetime_seconds: int,
        certificate_sha256: bytes | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> str:
        """An access token (RFC 9068) for a principal, bound to a certificate if its digest is given. `more` are
        further claims."""
        issuer = issuer_of(self.trust_domain)
        return self._tokens.sign(issuer, AUDIENCE, subject, client_id, lifetime_seconds, certificate_sha256, more)

    def has_signed(self, token: str, kid: str | None = None) -> bool:
        """Whether a token key of this platform, that of the id if it is given, has signed the token."""
        return self._tokens.has_signed(token, kid)

    def rotate_token_key(self, signs_after_seconds: float = 0.0) -> None:
        """Adds a token signing key, which signs from then on; tokens of the others go on being good."""
        self._tokens.rotate(signs_after_seconds)

    def discard_token_keys(self) -> None:
        """Puts a new token signing key in the place of all there are: no token of before is good any more."""
        self._tokens.discard()

    def jwks(self) -> dict[str, Any]:
        """The JWK set that verifies this platform's tokens (RFC 7517)."""
        return self._tokens.public_set()

    def _new_pair(self, uri: str, lifetime_seconds: int, server_names: Sequence[str]) -> KeyPair:
        private_key_pem = new_private_key()
        public_key = load_private_key(private_key_pem).public_key()
        certificate = self.issue_certificate(
            public_key, uri, lifetime_seconds=lifetime_seconds, server_names=server_names
        )
        return KeyPair(certificate, private_key_pem)


def _new_page_token_key() -> bytes:
    return secrets.token_bytes(_PAGE_TOKEN_KEY_BYTES)


def _page_token_key(content: bytes) -> bytes:
    if len(content) != _PAGE_TOKEN_KEY_BYTES:
        raise ValueError(f"it has {len(content)} bytes, not {_PAGE_TOKEN_KEY_BYTES}")
    return content


def _new_sealing_key() -> bytes:
    return secrets.token_bytes(SEALING_KEY_BYTES)


def _sealing_key(content: bytes) -> bytes:
    if len(content) != SEALING_KEY_BYTES:
        raise ValueError(f"it has {len(content)} bytes, not {SEALING_KEY_BYTES}")
    return content
