"""Copies between files and objects: which source goes where, and the moving itself."""

from __future__ import annotations

import contextvars
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from portico_cli.progress import Progress
from portico_cli.remote import Remote, is_remote, parse

AT_ONCE = 8

Place = Path | Remote


@dataclass(frozen=True, slots=True)
class Transfer:
    """One file or object to copy. `size_bytes`: None if it is not known before."""

    source: Place
    target: Place
    size_bytes: int | None = None

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


@dataclass(frozen=True, slots=True)
class About:
    """What is said of the objects that are stored."""

    content_type: str = ""
    metadata: dict[str, str] | None = None


def place(text: str) -> Place:
    """What an argument of `cp` names. Raises click.BadParameter."""
    return parse(text) if is_remote(text) else Path(text)


def single(source: Place, target: Place) -> Transfer:
    """The copy of one thing; into a folder it keeps its name."""
    name = source.name if isinstance(source, Path) else source.key.rpartition("/")[2]
    if isinstance(source, Path):
        if source.is_dir():
            raise click.UsageError(f"{source} is a folder: give -r to copy all that it holds")
    elif not name:
        raise click.UsageError(f"{source} is no single object: give -r to copy all below it")
    if isinstance(target, Remote):
        target = target.below(name) if target.is_folder else target
    elif target.is_dir():
        target = target / name
    if not isinstance(source, Path) and not isinstance(target, Remote):
        return Transfer(source, target)
    return Transfer(source, target, source.stat().st_size if isinstance(source, Path) and source.is_file() else None)


def recursive(client: Any, source: Place, target: Place) -> Iterator[Transfer]:
    """The copies of all below a folder or a prefix."""
    if isinstance(source, Path):
        if not source.is_dir():
            raise click.UsageError(f"{source} is no folder: leave out -r")
        for path in _files(source):
            relative = path.relative_to(source)
            yield Transfer(path, _below(target, relative.as_posix()), path.stat().st_size)
        return
    prefix = source.key if source.is_folder else source.key + "/"
    for item in client.objects.list(source.bucket, prefix=prefix):
        key = item.name.partition("/objects/")[2]
        relative_key = key.removeprefix(prefix)
        if not relative_key or (relative_key.endswith("/") and not item.size_bytes):
            continue  # a marker of a folder
        yield Transfer(Remote(source.bucket, key), _below(target, relative_key), item.size_bytes)


def move(client: Any, transfer: Transfer, about: About, progress: Progress) -> Any:
    """Makes one copy; answers the object."""
    source, target = transfer.source, transfer.target
    if isinstance(target, Remote):
        if isinstance(source, Remote):
            return client.objects.copy(source.bucket, source.key, target.bucket, target.key)
        advance = progress.of(source.name, transfer.size_bytes)
        return put(client, source, target, about, advance)
    assert isinstance(source, Remote)
    target.parent.mkdir(parents=True, exist_ok=True)
    size_bytes = transfer.size_bytes
    if size_bytes is None and progress.watched:
        size_bytes = client.objects.head(source.bucket, source.key).size_bytes
    return client.objects.download(source.bucket, source.key, target, progress=progress.of(target.name, size_bytes))


def put(client: Any, data: Any, target: Remote, about: About, advance: Callable[[int], None] | None) -> Any:
    """Stores a file (by its path) or a stream."""
    return client.objects.put(
        target.bucket,
        target.key,
        data,
        content_type=about.content_type,
        metadata=about.metadata,
        progress=advance,
    )


def all_at_once(work: Callable[[Transfer], Any], transfers: Iterable[Transfer]) -> Iterator[tuple[Transfer, Any]]:
    """Does the work for each, some at a time; answers them in order, each with its outcome, an exception among them.

    Each runs in a copy of the caller's context, so that its calls belong to the caller's trace.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting: list[tuple[Transfer, Any]] = []
        for transfer in transfers:
            waiting.append((transfer, pool.submit(contextvars.copy_context().run, work, transfer)))
            if len(waiting) >= 4 * AT_ONCE:
                yield _outcome(*waiting.pop(0))
        for transfer, future in waiting:
            yield _outcome(transfer, future)


def _outcome(transfer: Transfer, future: Any) -> tuple[Transfer, Any]:
    return transfer, future.exception() or future.result()


def standard_input() -> Any:
    """Standard input as a binary file."""
    if sys.stdin.isatty():
        click.echo("reading from the terminal; end with Ctrl-D", err=True)
    return sys.stdin.buffer


def _below(target: Place, relative: str) -> Place:
    """The place of a relative path in a target folder. Keys come from others: none may lead out of the folder."""
    if isinstance(target, Remote):
        return target.below(relative)
    parts = relative.split("/")
    if any(part in ("", ".", "..") or "\x00" in part or os.sep in part for part in parts):
        raise click.ClickException(
            f"the key {relative!r} is no path below {target}: copy it by itself, to a name you choose"
        )
    return target.joinpath(*parts)


def _files(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(base) / name for name in sorted(names))
