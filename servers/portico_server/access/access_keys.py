"""Access keys: an id and a secret by which programs that speak S3 sign their calls.

The secret must be known in the clear to verify a signature (SigV4), so it is kept sealed under a key of the platform,
and handed on so with the account's policies: every process opens it by itself (`platform/access_keys.py`).
"""

from __future__ import annotations

import base64

from portico.access.v1.access_keys_pb2 import AccessKey
from portico_server.access import checks, rules, store
from portico_server.access.book import Book, Change
from portico_server.access.errors import CallerNotMember, GrantsMoreThanHeld, InvalidField, too_many
from portico_server.access.items import Items
from portico_server.access.kinds import ACCESS_KEY
from portico_server.access.permissions import Permissions
from portico_server.access.secrets import Secrets
from portico_server.access.state import AccountState
from portico_server.access.store import Proof
from portico_server.platform.access.credentials import API_TOKEN_ID_PREFIX
from portico_server.platform.keyring.sealing import Sealing

MOST = 10
"""Of one principal in an account."""
_ID_CHARACTERS = 20
_SECRET_BYTES = 30  # 40 characters of base64, as S3's clients expect


class AccessKeys:
    """Keys of S3's kind. `sealing` keeps what must be read again."""

    def __init__(self, book: Book, items: Items, permissions: Permissions, secrets: Secrets, sealing: Sealing) -> None:
        self._book = book
        self.items = items
        self._permissions = permissions
        self._secrets = secrets
        self._sealing = sealing

    async def create(self, parent: str, wanted: AccessKey, caller: str, by_token: str) -> tuple[AccessKey, int, str]:
        """What is kept, the revision, and the secret. Raises DomainError."""
        if by_token.startswith(API_TOKEN_ID_PREFIX):
            raise GrantsMoreThanHeld(
                "an API token makes no access keys: they could do more than it; use your own token"
            )
        if wanted.principal and wanted.principal != caller:
            raise InvalidField(
                f"principal: an access key is its maker's, {caller}'s; {wanted.principal} makes one with a profile of "
                "its own: `portico access create keys NAME`, or `portico env --s3`",
                field="principal",
            )
        name = ACCESS_KEY.name(parent, self._secrets.new_id(_ID_CHARACTERS))
        secret = base64.b64encode(self._secrets.new_bytes(_SECRET_BYTES)).decode()
        sealed = self._sealing.seal(secret.encode(), name.encode())

        def plan(state: AccountState, revision: int) -> Change:
            if caller not in state.principals().values():
                raise CallerNotMember(f"{caller} is no member or service account of {parent}", resource=parent)
            own = (item for item in state.kept() if item.kind is ACCESS_KEY and item.message.principal == caller)
            if sum(1 for _ in own) >= MOST:
                raise too_many(ACCESS_KEY, MOST)
            message = AccessKey(
                name=name, display_name=wanted.display_name, description=wanted.description, principal=caller
            )
            message.create_time.FromMicroseconds(self._book.clock.now_us())
            checks.check(ACCESS_KEY, message, state, self._permissions)
            return Change([message], also=[store.prove(Proof(name, parent, sealed=sealed))], sealed={name: sealed})

        revision, state = await self._book.change(parent, "access.access_key.create", caller, plan)
        return state.get(name), revision, secret

    async def names_of(self, account: str, principal: str) -> list[str]:
        """Of the principal's keys in the account. Raises DomainError."""
        kept = (await self._book.state(account)).kept()
        return [item.name for item in kept if item.kind is ACCESS_KEY and item.message.principal == principal]

    async def delete(self, name: str, caller: str) -> int:
        """The revision. Raises DomainError: of others only a Super Administrator deletes them."""

        def judge(state: AccountState) -> None:
            found = state.get(name)
            if found is not None and found.principal != caller:
                rules.check_super_administrator(state, caller, "delete access keys of others")

        return await self.items.delete(ACCESS_KEY, name, "", caller, judge)
