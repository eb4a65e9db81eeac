"""The platform's own certificate authority, token keys and page-token key, kept under data/keys."""

from portico_server.platform.keyring.identity import certificate_uri, issuer_of, principal_of_uri
from portico_server.platform.keyring.keyring import AUDIENCE, Keyring

__all__ = ["AUDIENCE", "Keyring", "certificate_uri", "issuer_of", "principal_of_uri"]
