"""A look at a store from outside, for its operator: whether it answers, and can be used as it is described."""

from __future__ import annotations

from typing import NamedTuple

from portico_server.platform.blobs.errors import StoreError
from portico_server.platform.blobs.s3.answers import document, text
from portico_server.platform.blobs.s3.client import Request, S3Client
from portico_server.platform.blobs.s3.ownership import KEY
from portico_server.platform.blobs.stores import S3Store


class Looked(NamedTuple):
    """`problem` empty: it can be used. `owner`: whose the product's bytes there are; empty: nobody's."""

    store: str
    product: str
    problem: str = ""
    owner: str = ""


async def look(described: S3Store, product: str) -> Looked:
    """Reads alone: nothing is written there."""
    client = S3Client(described)
    try:
        if await _keeps_versions(client):
            return Looked(
                client.name, product, "its bucket keeps versions, so that nothing removed is ever freed: suspend that"
            )
        return Looked(client.name, product, owner=await _owner(client, product))
    except StoreError as error:
        return Looked(client.name, product, error.problem)
    finally:
        await client.close()


async def _keeps_versions(client: S3Client) -> bool:
    root = document((await client.ask(Request("GET", query={"versioning": ""}))).content)
    return root is not None and text(root, "Status") == "Enabled"


async def _owner(client: S3Client, product: str) -> str:
    try:
        found = await client.ask(Request("GET", f"{product}/{KEY}"))
    except FileNotFoundError:
        return ""
    return found.content.decode(errors="replace").strip()
