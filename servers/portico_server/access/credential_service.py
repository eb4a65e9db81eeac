"""API tokens and access keys: what programs call with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from portico.access.v1 import access_keys_pb2, access_keys_pb2_grpc, api_tokens_pb2, api_tokens_pb2_grpc
from portico_server.access import caller, store
from portico_server.access.access_keys import AccessKeys
from portico_server.access.api_tokens import ApiTokens
from portico_server.access.errors import not_found
from portico_server.access.kinds import ACCESS_KEY, API_TOKEN
from portico_server.access.nouns import Noun
from portico_server.platform.database import Database
from portico_server.platform.paging import PageTokens


async def _with_uses(database: Database, messages: Any) -> None:
    """Fills in when each was last used."""
    if messages:
        uses = await store.uses(database, messages[0].name, messages[-1].name)
        for message in messages:
            if message.name in uses:
                message.last_use_time.FromSeconds(uses[message.name])


class ApiTokenService(api_tokens_pb2_grpc.ApiTokenServiceServicer):
    """Manages API tokens."""

    def __init__(self, api_tokens: ApiTokens, page_tokens: PageTokens) -> None:
        self._api_tokens = api_tokens
        self._database = api_tokens.items.book.database
        self._noun = Noun(API_TOKEN, api_tokens_pb2, "ApiToken", "ApiTokens", api_tokens.items, page_tokens)

    async def CreateApiToken(self, request: Any, context: Any) -> Any:
        token, revision, secret = await self._api_tokens.create(
            request.parent,
            request.api_token_id,
            request.api_token,
            request.ttl.seconds,
            caller.principal(),
            caller.token_id(),
        )
        return self._noun.changed("CreateApiToken", token, revision, secret=secret)

    async def GetApiToken(self, request: Any, context: Any) -> Any:
        answer = await self._noun.get(request)
        await _with_uses(self._database, [answer.api_token])
        return answer

    async def ListApiTokens(self, request: Any, context: Any) -> Any:
        answer = await self._noun.list(request)
        await _with_uses(self._database, answer.api_tokens)
        return answer

    async def RollApiToken(self, request: Any, context: Any) -> Any:
        token, revision, secret = await self._api_tokens.roll(request.name, caller.principal(), caller.token_id())
        return self._noun.changed("RollApiToken", token, revision, secret=secret)

    async def DeleteApiToken(self, request: Any, context: Any) -> Any:
        revision = await self._api_tokens.delete(request.name, request.etag, caller.principal())
        return api_tokens_pb2.DeleteApiTokenResponse(policy_revision=caller.tell_revision(revision))


class AccessKeyService(access_keys_pb2_grpc.AccessKeyServiceServicer):
    """Manages access keys."""

    def __init__(self, access_keys: AccessKeys, page_tokens: PageTokens) -> None:
        self._access_keys = access_keys
        self._database = access_keys.items.book.database
        self._noun = Noun(ACCESS_KEY, access_keys_pb2, "AccessKey", "AccessKeys", access_keys.items, page_tokens)

    async def CreateAccessKey(self, request: Any, context: Any) -> Any:
        wanted = access_keys_pb2.AccessKey(
            display_name=request.display_name, description=request.description, principal=request.principal
        )
        key, revision, secret = await self._access_keys.create(
            request.parent, wanted, caller.principal(), caller.token_id()
        )
        return self._noun.changed("CreateAccessKey", key, revision, secret_access_key=secret)

    async def GetAccessKey(self, request: Any, context: Any) -> Any:
        answer = await self._noun.get(request)
        is_own = answer.access_key.principal == caller.principal()
        if not is_own and not caller.holds("access.access_key.read", request.name):
            raise not_found(ACCESS_KEY, request.name)
        await _with_uses(self._database, [answer.access_key])
        return answer

    async def ListAccessKeys(self, request: Any, context: Any) -> Any:
        shown = caller.shown()
        if caller.holds_of_own("access.access_key.list", request.parent):
            own = await self._access_keys.names_of(request.parent, caller.principal())
            shown = replace(shown, allow=(*shown.allow, *own)) if not shown.everything else shown
        answer = await self._noun.list(request, shown)
        await _with_uses(self._database, answer.access_keys)
        return answer

    async def DeleteAccessKey(self, request: Any, context: Any) -> Any:
        revision = await self._access_keys.delete(request.name, caller.principal())
        return access_keys_pb2.DeleteAccessKeyResponse(policy_revision=caller.tell_revision(revision))
