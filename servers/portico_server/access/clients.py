"""Service accounts as OAuth 2.0 clients: by their name and one of their secrets they get a token of the gateway."""

from __future__ import annotations

from portico_server.access.kinds import SERVICE_ACCOUNT
from portico_server.access.service_accounts import ServiceAccounts
from portico_server.platform.access.credentials import client_secret_id
from portico_server.platform.authorization import Principal
from portico_server.platform.names import account_of, is_name


class ServiceAccountClients:
    """Implements `platform.clients.Clients`. A client's id is `accounts/{account}/serviceAccounts/{id}`."""

    def __init__(self, service_accounts: ServiceAccounts) -> None:
        self._service_accounts = service_accounts

    async def authenticate(self, client_id: str, secret: str) -> Principal | None:
        """Whom the client acts as. What is no name of a service account takes the same way, to the same end."""
        parts = client_id.split("/")
        good = is_name(client_id) and len(parts) == 4 and parts[2] == SERVICE_ACCOUNT.collection
        name = client_id if good else SERVICE_ACCOUNT.name("accounts/default", "none")
        found = await self._service_accounts.authenticate(name, secret if secret.isprintable() else "")
        if not good or found is None:
            return None
        principal = found.service_account.principal
        return Principal(
            principal,
            account_of(principal),
            expires_at=found.expires_at_seconds,
            credential=client_secret_id(found.secret_id),
        )
