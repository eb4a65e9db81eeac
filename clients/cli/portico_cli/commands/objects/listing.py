"""`portico objects ls` and `du`: what there is, and how much. Pages are printed as they come, and none is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.failures import NOT_FOUND, hint_of_pattern
from portico_cli.place_arguments import ANYWHERE, BUCKETS_TOO
from portico_cli.remote import Remote

_HUMAN = click.option(
    "-h", "--human", "--human-readable", "human", is_flag=True, help="Sizes in KiB, MiB, … for people."
)


@objects.command()
@click.argument("place", type=BUCKETS_TOO, required=False)
@click.option("-r", "--recursive", is_flag=True, help="All below, not only up to the next slash.")
@_HUMAN
@click.option("--summarize", is_flag=True, help="At the end tell how many there are, and how large together.")
@click.option("--versions", is_flag=True, help="All versions and delete markers.")
@calls_platform
def ls(caller: Caller, place: Remote | None, recursive: bool, human: bool, summarize: bool, versions: bool) -> int:
    """List buckets, or the objects of a bucket below a prefix. What a slash ends is shown as a folder.

    The exit code is 3 where a prefix was given and nothing begins so.

    \b
    Examples:
      portico objects ls
      portico objects ls portico://photos/2026/
      portico objects ls -r portico://photos --human-readable --summarize
      portico objects ls portico://photos/2026/ --versions
      portico objects ls -r portico://photos --output json
    """
    if place is None or not place.bucket:
        _buckets(caller)
        return 0
    listed = caller.client.objects.versions if versions else caller.client.objects.list
    pages = listed(place.bucket, prefix=place.key, delimiter="" if recursive else "/").pages()
    listing = _Json() if caller.json else _Text(place, recursive=recursive, human=human, versions=versions)
    for page in pages:
        listing.add(page)
    listing.end(summarize=summarize)
    if listing.found or not place.key:
        return 0
    if not caller.json:
        click.echo(f"nothing below {place}", err=True)
        if hint := hint_of_pattern(place.key):
            click.echo(f"  {hint}", err=True)
    return NOT_FOUND


@objects.command()
@click.argument("place", type=ANYWHERE)
@click.option(
    "-d", "--depth", type=click.IntRange(min=0), default=0, metavar="N", help="Folders down to this depth, too."
)
@_HUMAN
@click.option("--versions", is_flag=True, help="With all versions, which take up room, too.")
@calls_platform
def du(caller: Caller, place: Remote, depth: int, human: bool, versions: bool) -> None:
    """Tell how much there is below a prefix: bytes, objects, prefix.

    \b
    Examples:
      portico objects du portico://photos
      portico objects du portico://photos --depth 2 --human-readable
      portico objects du portico://photos/2026/ --versions --output json
    """
    listed = caller.client.objects.versions if versions else caller.client.objects.list
    items = ((_key(item), item.size_bytes) for item in listed(place.bucket, prefix=place.key))
    array = output.JsonArray() if caller.json else None
    for prefix, count, size_bytes in _sums(items, place.key, depth):
        if array is not None:
            array.add({"prefix": prefix, "objects": count, "sizeBytes": size_bytes})
        else:
            size = output.size(size_bytes) if human else str(size_bytes)
            click.echo(f"{size:>14}  {count:>10,}  {Remote(place.bucket, prefix)}")
    if array is not None:
        array.end()


def _buckets(caller: Caller) -> None:
    columns: list[output.Column] = [
        ("created", lambda item: output.moment(item.create_time)),
        ("bucket", lambda item: item.name.rpartition("/")[2]),
    ]
    none = "no buckets that you may see; `portico objects mb portico://NAME` makes one"
    output.show_items(caller.client.buckets.list(), columns, as_json=caller.json, nothing=none)


class _Listing:
    """What came so far."""

    def __init__(self) -> None:
        self.found = 0
        self.objects = 0
        self.size_bytes = 0

    def add(self, page: Any) -> None:
        """Prints a page."""
        self.found += len(page.prefixes) + len(page.objects)
        self.objects += len(page.objects)
        self.size_bytes += sum(item.size_bytes for item in page.objects)
        self.show(page)

    def show(self, page: Any) -> None:
        raise NotImplementedError

    def end(self, *, summarize: bool) -> None:
        raise NotImplementedError


class _Text(_Listing):
    """Lines for people."""

    def __init__(self, place: Remote, *, recursive: bool, human: bool, versions: bool) -> None:
        super().__init__()
        self._omitted = "" if recursive else place.key[: place.key.rfind("/") + 1]
        self._size: Callable[[int], str] = output.size if human else str
        self._versions = versions

    def show(self, page: Any) -> None:
        lines = [f"{'PRE':>34}  {self._shown(prefix)}" for prefix in page.prefixes]
        lines += [self._line(item) for item in page.objects]
        if lines:
            click.echo("\n".join(lines))

    def end(self, *, summarize: bool) -> None:
        if summarize:
            click.echo(f"\nTotal Objects: {self.objects:,}\n   Total Size: {self._size(self.size_bytes)}")

    def _line(self, item: Any) -> str:
        size = "deleted" if item.delete_marker else self._size(item.size_bytes)
        version = f"{item.version_id}  {'latest' if item.latest else '':6}  " if self._versions else ""
        return f"{output.moment(item.create_time)} {size:>14}  {version}{self._shown(_key(item))}"

    def _shown(self, key: str) -> str:
        return output.quoted(key.removeprefix(self._omitted))


class _Json(_Listing):
    """One document, whose objects are written as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._prefixes: list[str] = []
        self._objects = output.JsonArray('{"objects": ')

    def show(self, page: Any) -> None:
        self._prefixes += page.prefixes
        self._objects.add(*page.objects)

    def end(self, *, summarize: bool) -> None:
        self._objects.end(newline=False)
        rest: dict[str, Any] = {"prefixes": self._prefixes}
        if summarize:
            rest["summary"] = {"objects": self.objects, "sizeBytes": self.size_bytes}
        click.echo("," + output.json_text(rest, indent=2)[1:])


def _sums(items: Iterable[tuple[str, int]], base: str, depth: int) -> Iterator[tuple[str, int, int]]:
    """Of each folder down to a depth below `base`, and of all: its prefix, objects and bytes. The keys come in order,
    so a folder is done when the first key outside of it comes."""
    open_folders: list[list[Any]] = [[base, 0, 0]]
    for key, size_bytes in items:
        while len(open_folders) > 1 and not key.startswith(open_folders[-1][0]):
            yield tuple(open_folders.pop())
        deepest = open_folders[-1][0]
        *folders, _ = key[len(deepest) :].split("/")
        for folder in folders[: depth - len(open_folders) + 1]:
            deepest += folder + "/"
            open_folders.append([deepest, 0, 0])
        for sums in open_folders:
            sums[1] += 1
            sums[2] += size_bytes
    for sums in reversed(open_folders):
        yield tuple(sums)


def _key(item: Any) -> str:
    return str(item.name.partition("/objects/")[2])
