"""A look at a store from outside, for its operator: whether it answers, and can be used as it is described."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from portico_server.platform.blobs import loops
from portico_server.platform.blobs.errors import StoreError
from portico_server.platform.blobs.s3.answers import document, text
from portico_server.platform.blobs.s3.client import Request, S3Client
from portico_server.platform.blobs.s3.ownership import (
    BLOBS_FOUND,
    TOLD_OF,
    another_s,
    follow,
    has_blobs,
    mark,
    unmarked,
)
from portico_server.platform.blobs.stores import CLAIMS, S3Store


class Looked(NamedTuple):
    """`problem` empty: it can be used. `owner`: the mark of whose the product's bytes there are; empty: nobody's.
    `is_ours`: it is this platform's."""

    store: str
    product: str
    problem: str = ""
    owner: str = ""
    is_ours: bool = False

    @property
    def whose(self) -> str:
        """Whose it is, for people; empty: it did not say."""
        return "this platform" if self.is_ours else self.owner or ("" if self.problem else "nobody")


async def look(described: S3Store, product: str, folder: Path, *, has_bytes: bool) -> Looked:
    """Reads alone: nothing is written there. `folder` is the platform's own for the product. `has_bytes`: the database
    tells of some there."""
    client = S3Client(described)
    identity = _identity(folder)
    client.asks_as = loops.platform_named(identity)
    try:
        await follow(client)
        owner = await mark(client, f"{product}/")
        is_ours = bool(identity) and owner.rpartition(" ")[2] == identity
        problem = "" if is_ours else await _problem_of_mark(client, product, folder, owner, has_bytes)
        if not problem and await _keeps_versions(client):
            problem = "its bucket keeps versions, so that nothing removed is ever freed: suspend that"
        return Looked(client.name, product, problem, owner, is_ours)
    except StoreError as error:
        return Looked(client.name, product, error.problem)
    finally:
        await client.close()


async def _keeps_versions(client: S3Client) -> bool:
    root = document((await client.ask(Request("GET", query={"versioning": ""}))).content)
    return root is not None and text(root, "Status") == "Enabled"


def _identity(folder: Path) -> str:
    """With which the mark of its platform ends; empty: it never ran."""
    try:
        return (folder / loops.FOLDER_ID).read_text().strip()
    except FileNotFoundError:
        return ""


async def _problem_of_mark(client: S3Client, product: str, folder: Path, owner: str, has_bytes: bool) -> str:
    if (folder / CLAIMS / client.name).exists():
        return ""  # it is to be taken over
    if owner:
        return another_s(client.name, owner)
    if has_bytes:
        return unmarked(client.name, TOLD_OF)
    return unmarked(client.name, BLOBS_FOUND) if await has_blobs(client, f"{product}/") else ""
