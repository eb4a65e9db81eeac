"""Completion of buckets and keys, asked of the platform while somebody waits at a prompt: a short while, silently."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator

import click
from click.shell_completion import CompletionItem

from portico_cli.remote import is_remote, scheme_of, without_scheme

SECONDS = 1.0
_MOST = 100
"""More than a screen of them helps nobody."""


def places(begun: str, profile: str | None, *, bucket_only: bool, bare: bool = False) -> list[CompletionItem]:
    """What a place that was begun may become; nothing where the platform does not answer at once. `bare`: it needs no
    scheme."""
    return _in_time(lambda: _found(begun, profile, bucket_only=bucket_only, bare=bare or bucket_only))


def zones(begun: str, profile: str | None) -> list[CompletionItem]:
    """The zones whose domain begins so; nothing where the platform does not answer at once."""
    return _in_time(lambda: _zones(begun, profile))


def things(titles: str, begun: str, profile: str | None) -> list[CompletionItem]:
    """Things of an account whose id begins so, `titles` as in the name of the method that lists them; nothing where the
    platform does not answer at once."""
    return _in_time(lambda: _things(titles, begun, profile))


def _in_time(find: Callable[[], Iterator[str]]) -> list[CompletionItem]:
    found: list[str] = []

    def ask() -> None:
        try:
            found.extend(find())
        except Exception:  # at a prompt there is no place for errors
            found.clear()

    from portico import connect  # noqa: F401  # loading it takes its time, which is not the platform's

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(SECONDS + 0.5)
    return [] if asking.is_alive() else [CompletionItem(item) for item in found]


def files_and_places(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """For an argument that is a path or a place."""
    if not begun or not scheme_of(begun):
        return [CompletionItem(begun, type="file")]
    return places(begun, context.params.get("profile"), bucket_only=False)


def _found(begun: str, profile: str | None, *, bucket_only: bool, bare: bool) -> Iterator[str]:
    from portico import connect

    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    scheme = scheme_of(begun)
    if not scheme and not (bare and begun):
        return
    whole = is_remote(begun) or not scheme
    bucket, slash, key = without_scheme(begun).partition("/") if whole else ("", "", "")
    with connect(profile) as opened:
        client = opened.with_options(timeout_seconds=SECONDS)
        if slash and not bucket_only:
            listed = next(client.objects.list(bucket, prefix=key, delimiter="/", page_size=_MOST).pages())
            keys = [*listed.prefixes, *(item.name.partition("/objects/")[2] for item in listed.objects)]
            yield from (f"{scheme}{bucket}/{found}" for found in _shown(keys))
            return
        page = next(client.buckets.list(prefix=bucket, page_size=_MOST).pages())
        names = [item.name.rpartition("/")[2] for item in page.buckets]
        end = "" if bucket_only else "/"
        yield from (f"{scheme}{name}{end}" for name in names if name.startswith(bucket))


def _zones(begun: str, profile: str | None) -> Iterator[str]:
    from portico import connect

    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    with connect(profile) as opened:
        page = next(opened.with_options(timeout_seconds=SECONDS).zones.list(prefix=begun, page_size=_MOST).pages())
        yield from (zone.domain for zone in page.zones)


def _things(titles: str, begun: str, profile: str | None) -> Iterator[str]:
    from portico import connect

    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    with connect(profile) as opened:
        listed = opened.with_options(timeout_seconds=SECONDS).access.list(f"List{titles}", page_size=1_000)
        page = next(listed.pages())
        ids = (item.name.rpartition("/")[2] for item in getattr(page, page.DESCRIPTOR.fields[0].name))
        yield from _shown([found for found in ids if found.startswith(begun)][:_MOST])


def _shown(names: Iterable[str]) -> Iterator[str]:
    """Those that a prompt can show."""
    return (name for name in names if name.isprintable())
