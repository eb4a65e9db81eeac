"""Lists as iterators: page after page is asked for as it is needed (AIP-158)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from portico._methods import Method
from portico._session import Session
from portico._steps import Steps, run, run_async

Item = TypeVar("Item")
Page = TypeVar("Page", bound=Message)


@dataclass(frozen=True, slots=True)
class Paging(Generic[Item, Page]):
    """A list as pages: the method, its request (whose `page_token` is filled in), and a page's repeated field of
    items."""

    method: Method[Page]
    request: Any
    items: str


class Listing(Generic[Item, Page]):
    """Iterates over all items of a list, page by page as they are needed; `pages()` gives the whole answers."""

    def __init__(self, session: Session, paging: Paging[Item, Page]) -> None:
        self._session = session
        self._paging = paging

    def pages(self) -> Iterator[Page]:
        """The answers as they came, with what else they hold (`prefixes`)."""
        token: str | None = ""
        while token is not None:
            page, token = run(_page(self._session, self._paging, token), self._session.transport)
            yield page

    def __iter__(self) -> Iterator[Item]:
        for page in self.pages():
            yield from getattr(page, self._paging.items)


class AsyncListing(Generic[Item, Page]):
    """Iterates over all items of a list, page by page as they are needed; `pages()` gives the whole answers."""

    def __init__(self, session: Session, paging: Paging[Item, Page]) -> None:
        self._session = session
        self._paging = paging

    async def pages(self) -> AsyncIterator[Page]:
        """The answers as they came, with what else they hold (`prefixes`)."""
        token: str | None = ""
        while token is not None:
            page, token = await run_async(_page(self._session, self._paging, token), self._session.transport)
            yield page

    async def __aiter__(self) -> AsyncIterator[Item]:
        async for page in self.pages():
            for item in getattr(page, self._paging.items):
                yield item


def _page(session: Session, paging: Paging[Item, Page], token: str) -> Steps[tuple[Page, str | None]]:
    """One page and the token of the next, None on the last."""
    request = type(paging.request)()
    request.CopyFrom(paging.request)
    request.page_token = token
    page: Any = yield from session.call(paging.method, request)
    return page, page.next_page_token or None
