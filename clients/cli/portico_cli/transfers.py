"""Copies between files and objects: which source goes where, and the moving itself."""

from __future__ import annotations

import contextvars
import errno
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from portico_cli.output import quoted
from portico_cli.progress import Progress
from portico_cli.remote import Remote, is_remote, is_utf8, parse

AT_ONCE = 8

Place = Path | Remote


@dataclass(frozen=True, slots=True)
class Transfer:
    """One file or object to copy. `size_bytes`: None if it is not known before."""

    source: Place
    target: Place
    size_bytes: int | None = None
    refused: str = ""
    """Why it is not copied."""

    def __str__(self) -> str:
        return f"{shown(self.source)} -> {shown(self.target)}"


@dataclass(frozen=True, slots=True)
class About:
    """What is said of the objects that are stored."""

    content_type: str = ""
    metadata: dict[str, str] | None = None


class Refused(Exception):
    """What is not copied, though all around it is; the message says why."""


def place(text: str) -> Place:
    """What an argument of `cp` names. Raises click.BadParameter."""
    return parse(text) if is_remote(text) else Path(text)


def shown(where: Place | str) -> str:
    """A place for people."""
    return quoted(str(where)) if not isinstance(where, Remote) else str(where)


def address(where: Place) -> str:
    """A place for programs."""
    return where.url if isinstance(where, Remote) else str(where)


def single(source: Place, target: Place, *, into: bool) -> Transfer:
    """The copy of one thing; into a folder, or what is to be one (`into`), it keeps its name."""
    name = source.name if isinstance(source, Path) else source.key.rpartition("/")[2]
    if isinstance(source, Path):
        if source.is_dir():
            raise click.UsageError(f"{shown(source)} is a folder: give -r to copy all that it holds")
    elif not name:
        raise click.UsageError(f"{source} is no single object: give -r to copy all below it")
    if isinstance(target, Remote):
        target = target.below(name) if target.is_folder else target
    elif into or target.is_dir():
        target = _in_folder(target, name)
    if not isinstance(source, Path) and not isinstance(target, Remote):
        return Transfer(source, target)
    return Transfer(source, target, source.stat().st_size if isinstance(source, Path) and source.is_file() else None)


def recursive(client: Any, source: Place, target: Place) -> Iterator[Transfer]:
    """The copies of all below a folder or a prefix; what cannot be copied is among them, refused."""
    if isinstance(source, Path):
        if not source.is_dir():
            raise click.UsageError(f"{shown(source)} is no folder: leave out -r")
        for path in _files(source):
            yield _of_file(path, path.relative_to(source).as_posix(), target)
        return
    prefix = source.key if source.is_folder else source.key + "/"
    for item in client.objects.list(source.bucket, prefix=prefix):
        key = item.name.partition("/objects/")[2]
        relative_key = key.removeprefix(prefix)
        if not relative_key or (relative_key.endswith("/") and not item.size_bytes):
            continue  # a marker of a folder
        yield _of_object(Remote(source.bucket, key), relative_key, target, item.size_bytes)


def move(client: Any, transfer: Transfer, about: About, progress: Progress) -> Any:
    """Makes one copy; answers the object. Raises Refused."""
    if transfer.refused:
        raise Refused(transfer.refused)
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


def all_at_once(
    work: Callable[[Transfer], Any], transfers: Iterable[Transfer], give_up: Callable[[], None]
) -> Generator[tuple[Transfer, Any], None, None]:
    """Does the work for each, some at a time; answers them in order, each with its outcome, an exception among them.

    Each runs in a copy of the caller's context, so that its calls belong to the caller's trace. `give_up` ends what is
    in flight, when it is left in the middle.
    """
    pool = ThreadPoolExecutor(AT_ONCE)
    waiting: list[tuple[Transfer, Any]] = []
    try:
        for transfer in transfers:
            waiting.append((transfer, pool.submit(contextvars.copy_context().run, work, transfer)))
            if len(waiting) >= 4 * AT_ONCE:
                yield _outcome(*waiting.pop(0))
        for transfer, future in waiting:
            yield _outcome(transfer, future)
    except BaseException:
        give_up()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _outcome(transfer: Transfer, future: Any) -> tuple[Transfer, Any]:
    return transfer, future.exception() or future.result()


def standard_input() -> BinaryIO:
    """Standard input as a binary file, without a buffer: the interpreter takes a buffer's lock when it ends, and would
    abort where a thread still waits for input."""
    if sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard input")
    if sys.stdin.isatty():
        click.echo("reading from the terminal; end with Ctrl-D", err=True)
    return cast(BinaryIO, getattr(sys.stdin.buffer, "raw", sys.stdin.buffer))


def standard_output() -> BinaryIO:
    """Standard output as a binary file."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard output")
    return sys.stdout.buffer


def _of_file(path: Path, relative: str, target: Place) -> Transfer:
    refused, size_bytes = "", None
    if not is_utf8(relative):
        refused = "its name is not UTF-8, which keys are"
    elif path.is_dir():
        refused = "a link to a folder"
    elif not path.exists():
        refused = "a link to what is not there"
    elif not path.is_file():
        refused = "no regular file"
    else:
        size_bytes = path.stat().st_size
    return Transfer(path, target.below(relative) if isinstance(target, Remote) else target, size_bytes, refused)


def _of_object(source: Remote, relative: str, target: Place, size_bytes: int) -> Transfer:
    if isinstance(target, Remote):
        return Transfer(source, target.below(relative), size_bytes)
    try:
        return Transfer(source, _in_folder(target, relative), size_bytes)
    except Refused as error:
        return Transfer(source, target, size_bytes, str(error))


def _in_folder(folder: Path, relative: str) -> Path:
    """The place of a relative key in a folder. Keys come from others: none may lead out of it. Raises Refused."""
    parts = relative.split("/")
    if any(part in ("", ".", "..") or "\x00" in part or os.sep in part for part in parts):
        raise Refused(f"the key is no path below {shown(folder)}: copy it by itself, to a name you choose")
    return folder.joinpath(*parts)


def _files(folder: Path) -> Iterator[Path]:
    """All that is no folder below one; links to folders are not followed."""
    for base, folders, names in os.walk(folder, onerror=_raise):
        links = [name for name in folders if os.path.islink(os.path.join(base, name))]
        folders[:] = sorted(set(folders) - set(links))
        yield from (Path(base) / name for name in sorted(names + links))


def _raise(error: OSError) -> None:
    """A folder that cannot be read is an error, not an empty one."""
    raise error
