"""Turns operations written once (see `portico._steps`) into methods of a product's two clients, typed as each has them:

class _Buckets(Service):
    @operation
    def get(self, bucket: str) -> Steps[Bucket]: ...

class Buckets(_Buckets, SyncService): ...  # get() answers a Bucket
class AsyncBuckets(_Buckets, AsyncService): ...  # get() is awaited
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from portico._paging import AsyncListing, Item, Listing, Page, Paging
from portico._session import Session
from portico._steps import Result, Steps, run, run_async

P = ParamSpec("P")
Function = TypeVar("Function", bound=Callable[..., Any])


class Service:
    """A product's operations, of either client. `self.session` makes the calls."""

    def __init__(self, session: Session) -> None:
        self.session = session


class SyncService(Service):
    """A product's client for threads."""

    def __init_subclass__(cls) -> None:
        _bind(cls, operation, _sync_method)
        _bind(cls, listing, _sync_listing)


class AsyncService(Service):
    """A product's client for asyncio."""

    def __init_subclass__(cls) -> None:
        _bind(cls, operation, _async_method)
        _bind(cls, listing, _async_listing)


class operation(Generic[P, Result]):
    """Makes a generator of steps a method: one that blocks in a SyncService, a coroutine function in an
    AsyncService."""

    def __init__(self, function: Callable[Concatenate[Any, P], Steps[Result]]) -> None:
        self.function = function

    @overload
    def __get__(self, instance: SyncService, owner: type) -> Callable[P, Result]: ...
    @overload
    def __get__(self, instance: AsyncService, owner: type) -> Callable[P, Coroutine[Any, Any, Result]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        raise TypeError(f"{owner.__name__} is neither a SyncService nor an AsyncService")


class listing(Generic[P, Item, Page]):
    """Makes a function that describes a list a method that answers a Listing or an AsyncListing."""

    def __init__(self, function: Callable[Concatenate[Any, P], Paging[Item, Page]]) -> None:
        self.function = function

    @overload
    def __get__(self, instance: SyncService, owner: type) -> Callable[P, Listing[Item, Page]]: ...
    @overload
    def __get__(self, instance: AsyncService, owner: type) -> Callable[P, AsyncListing[Item, Page]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        raise TypeError(f"{owner.__name__} is neither a SyncService nor an AsyncService")


def _bind(cls: type, kind: type[operation[Any, Any]] | type[listing[Any, Any, Any]], make: Callable[..., Any]) -> None:
    """Puts real methods in the place of the class's inherited descriptors: no cost a call, and `help()` shows them."""
    for base in reversed(cls.__mro__):
        for name, value in list(vars(base).items()):
            if isinstance(value, kind):
                setattr(cls, name, make(value.function))


def _sync_method(function: Callable[..., Steps[Any]]) -> Callable[..., Any]:
    @wraps(function)
    def method(self: SyncService, *args: Any, **kwargs: Any) -> Any:
        return run(function(self, *args, **kwargs), self.session.transport)

    return _shown(method, "Steps", "")


def _async_method(function: Callable[..., Steps[Any]]) -> Callable[..., Any]:
    @wraps(function)
    async def method(self: AsyncService, *args: Any, **kwargs: Any) -> Any:
        return await run_async(function(self, *args, **kwargs), self.session.transport)

    return _shown(method, "Steps", "")


def _sync_listing(function: Callable[..., Paging[Any, Any]]) -> Callable[..., Any]:
    @wraps(function)
    def method(self: SyncService, *args: Any, **kwargs: Any) -> Any:
        return Listing(self.session, function(self, *args, **kwargs))

    return _shown(method, "Paging", "Listing")


def _async_listing(function: Callable[..., Paging[Any, Any]]) -> Callable[..., Any]:
    @wraps(function)
    def method(self: AsyncService, *args: Any, **kwargs: Any) -> Any:
        return AsyncListing(self.session, function(self, *args, **kwargs))

    return _shown(method, "Paging", "AsyncListing")


def _shown(method: Function, inner: str, outer: str) -> Function:
    """Makes `help()` show what the method answers, not the generator inside."""
    signature = inspect.signature(method)
    annotation = str(signature.return_annotation)
    if annotation.startswith(inner + "["):
        annotation = outer + annotation[len(inner) :] if outer else annotation[len(inner) + 1 : -1]
    method.__signature__ = signature.replace(return_annotation=annotation)  # type: ignore[attr-defined]
    return method
