"""What the servicers of all kinds have in common: the five methods that most have, for any kind."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from portico_server.access import caller
from portico_server.access.items import Also, Items, Judge, anything, nothing_else
from portico_server.access.kinds import Kind
from portico_server.access.pages import page_size
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Statement
from portico_server.platform.paging import PageTokens
from portico_server.platform.requests import Remember, once


class Noun:
    """The usual methods of one kind. `contract` is the generated module of its messages; `title` and `titles`: what
    the kind is called in their names."""

    def __init__(
        self, kind: Kind, contract: ModuleType, title: str, titles: str, items: Items, page_tokens: PageTokens
    ) -> None:
        self.kind = kind
        self.items = items
        self._contract = contract
        self._title = title
        self._titles = titles
        self._page_tokens = page_tokens
        self._list_field = next(iter(self._response(f"List{titles}").DESCRIPTOR.fields)).name

    async def create(self, request: Any, also: Also = nothing_else, judge: Judge = anything, **more: Any) -> Any:
        """`more` are further fields of the response."""
        kind, response_type = self.kind, self._response(f"Create{self._title}")
        name = kind.name(request.parent, getattr(request, f"{kind.field}_id"))

        def response(message: Any, revision: int) -> Any:
            return response_type(**{kind.field: message, "policy_revision": revision}, **more)

        async def create(remember: Remember[Any]) -> Any:
            def kept(message: Any, revision: int) -> list[Statement]:
                return [*also(message, revision), *remember(response(message, revision))]

            wanted = getattr(request, kind.field)
            return response(*await self.items.create(kind, name, wanted, caller.principal(), kept, judge))

        book = self.items.book
        made = await once(book.database, book.clock, caller.request_key(request), response_type, create)
        caller.tell_revision(made.policy_revision)
        return made

    async def get(self, request: Any) -> Any:
        return self._response(f"Get{self._title}")(**{self.kind.field: await self.items.get(request.name)})

    async def list(self, request: Any, shown: Filter | None = None) -> Any:
        """`shown`: what is, where it is more than the caller's permission shows."""
        who = caller.principal()
        after = self._page_tokens.open(request, who, request.page_token)
        found, cursor = await self.items.page(
            self.kind, request.parent, after, page_size(request.page_size), shown or caller.shown()
        )
        return self._response(f"List{self._titles}")(
            **{self._list_field: found, "next_page_token": self._page_tokens.seal(request, who, cursor)}
        )

    async def update(self, request: Any, judge: Judge = anything) -> Any:
        wanted = getattr(request, self.kind.field)
        kept = await self.items.update(self.kind, wanted, request.update_mask.paths, caller.principal(), judge)
        return self.changed(f"Update{self._title}", *kept)

    async def delete(self, request: Any, judge: Judge = anything) -> Any:
        revision = await self.items.delete(self.kind, request.name, request.etag, caller.principal(), judge)
        return self._response(f"Delete{self._title}")(policy_revision=caller.tell_revision(revision))

    def changed(self, method: str, message: Any, revision: int, **more: Any) -> Any:
        """The response of a method that has changed one of the kind."""
        fields = {self.kind.field: message, "policy_revision": caller.tell_revision(revision), **more}
        return self._response(method)(**fields)

    def _response(self, method: str) -> Any:
        return getattr(self._contract, f"{method}Response")
