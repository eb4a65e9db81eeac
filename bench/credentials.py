"""One set of credentials for every candidate, made by Portico's own keyring."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from portico_server.platform.keyring import Keyring, certificate_uri
from portico_server.platform.settings import Settings

PRINCIPAL = "accounts/default/principals/admin"
LIFETIME_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Credentials:
    """Files in one folder: the authority, a server's and a client's certificate with key, the token, its keys."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def node_certificate(self) -> Path:
        return self.folder / "node.pem"

    @property
    def node_key(self) -> Path:
        return self.folder / "node.key"

    @property
    def client_certificate(self) -> Path:
        return self.folder / "client.pem"

    @property
    def client_key(self) -> Path:
        return self.folder / "client.key"

    @property
    def authorization(self) -> Path:
        """The whole value of the authorization header."""
        return self.folder / "authorization"

    @property
    def token_keys(self) -> Path:
        return self.folder / "jwks.json"


def prepare(settings: Settings, folder: Path) -> Credentials:
    """Makes the credentials with the keyring of the platform that these settings describe."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = Credentials(folder)
    keyring = Keyring.open(settings.data, settings.trust_domain, settings.hostnames)
    node = keyring.new_node_certificate(lifetime_seconds=LIFETIME_SECONDS)
    uri = certificate_uri(settings.trust_domain, PRINCIPAL)
    client = keyring.new_client_certificate(uri, lifetime_seconds=LIFETIME_SECONDS)
    token = keyring.sign_token(PRINCIPAL, client_id="bench", lifetime_seconds=LIFETIME_SECONDS)
    files.authority.write_bytes(keyring.authority_pem)
    files.node_certificate.write_bytes(node.certificate_pem)
    files.node_key.write_bytes(node.private_key_pem)
    files.client_certificate.write_bytes(client.certificate_pem)
    files.client_key.write_bytes(client.private_key_pem)
    files.authorization.write_text(f"Bearer {token}")
    files.token_keys.write_text(json.dumps(keyring.jwks()))
    return files
