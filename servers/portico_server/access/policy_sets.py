"""The policy set of an account: exported as a document, imported in one batch, judged like every other change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import protovalidate
from google.protobuf.message import Message

from portico_server.access import checks, compiling, policy_documents, rules
from portico_server.access.book import Book, Change
from portico_server.access.errors import (
    BuiltIn,
    InvalidDocument,
    InvalidField,
    PolicySetTooLarge,
    RevisionMismatch,
    too_many,
)
from portico_server.access.items import MOST, complete, completed
from portico_server.access.kinds import POLICY_SET, kind_of
from portico_server.access.permissions import Permissions
from portico_server.access.policy_documents import Document, path_of
from portico_server.access.state import AccountState, Item
from portico_server.platform.errors import DomainError
from portico_server.platform.turns import Turns
from portico_server.platform.violations import refusal

MOST_BYTES = 3 * 1024 * 1024
"""Of a document."""


@dataclass(slots=True)
class Import:
    """What an import does, or would do: names, in order, and the account before and after it."""

    before: AccountState
    after: AccountState
    revision: int
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    unchanged_count: int = 0


class PolicySets:
    """All that accounts decide by, as a whole."""

    def __init__(self, book: Book, permissions: Permissions) -> None:
        self._book = book
        self._permissions = permissions
        self._validator = protovalidate.Validator()
        self._reading = asyncio.Lock()  # one at a time: a document of megabytes takes a second of a thread

    async def export(self, account: str) -> tuple[str, int]:
        """The document, and the revision of the account's last change. Raises DomainError."""
        state = await self._book.state(account)
        messages = [item.message for item in state.kept() if item.kind in POLICY_SET]
        async with self._reading:
            text = await asyncio.to_thread(policy_documents.write, account, messages, state.revision)
        if len(text.encode()) > MOST_BYTES:
            raise PolicySetTooLarge(f"the policy set of {account} is larger than 3 MiB: list its parts instead")
        return text, state.revision

    async def take(
        self, account: str, text: str, caller: str, *, dry_run: bool, prune: bool, seen_revision: int = 0
    ) -> Import:
        """Has the account decide by what the document says; with `prune`, by nothing else; with `dry_run` nothing is
        changed. `seen_revision`: refused if the account has changed since; 0: never. Raises DomainError, which names
        the line."""
        async with self._reading:
            document = await asyncio.to_thread(policy_documents.read, text, account)
        made: list[Import] = []

        async def plan(state: AccountState, revision: int) -> Change:
            if 0 < seen_revision < state.revision:
                raise RevisionMismatch(
                    f"{account} has changed since revision {seen_revision}: look at what the import would do again",
                    resource=account,
                )
            try:
                found, change = await self._planned(document, state, revision, prune)
                made[:] = [found]
                if dry_run and (change.put or change.removed):
                    await compiling.prepare(state)
                    await compiling.prepare(found.after)
                    rules.check(state, found.after, change.removed, [each.name for each in change.put], caller)
            except DomainError as error:
                raise _located(error, document) from None
            return Change() if dry_run else change

        try:
            revision, _ = await self._book.change(account, "access.policy_set.update", caller, plan)
        except DomainError as error:
            raise _located(error, document) from None
        made[0].revision = revision
        return made[0]

    async def _planned(
        self, document: Document, state: AccountState, revision: int, prune: bool
    ) -> tuple[Import, Change]:
        found, change = Import(state, state, revision), Change()
        turns = Turns()
        for wanted in document.messages:
            await turns.offer()
            self._judge(wanted, state)
            old = state.get(wanted.name)
            message = merged(wanted, old)
            if old is not None and says_the_same(message, old):
                found.unchanged_count += 1
                continue
            (found.created if old is None else found.updated).append(wanted.name)
            complete(message, revision, self._book.clock.now_us(), old)
            completed(message, state.account, old)
            change.put.append(message)
        if prune:
            kept = {wanted.name for wanted in document.messages}
            change.removed = sorted(
                item.name for item in state.kept() if item.kind in POLICY_SET and item.name not in kept
            )
        found.deleted = change.removed
        items = [Item(message.name, kind_of(message.name), message, revision) for message in change.put]
        found.after = state.with_changes(items, change.removed, revision)
        for message in change.put:
            await turns.offer()
            checks.check(kind_of(message.name), message, found.after, self._permissions, path_of(message))
        _check_counts(found.after)
        for names in (found.created, found.updated):
            names.sort()
        return found, change

    def _judge(self, wanted: Message, state: AccountState) -> None:
        """By the contract's rules, as the gateway judges what comes by other methods."""
        name, where = str(wanted.name), path_of(wanted)  # type: ignore[attr-defined]
        if state.is_built_in(name):
            raise BuiltIn(f"{where}: {name} comes with the platform; give yours another id", field=where, resource=name)
        if found := self._validator.collect_violations(wanted):
            first = refusal(found).violations[0]
            element = f"{where}.{first.field}"
            raise InvalidField(f"{element}: {first.description}", field=element)


def merged(wanted: Any, old: Any) -> Any:
    """As the document says, with what callers do not say as it is. The platform's own choices for what is left out
    count as said, so that an exported document changes nothing."""
    message = type(wanted)()
    message.CopyFrom(wanted)
    if old is not None:
        for described in message.DESCRIPTOR.fields:
            if described.name not in kind_of(wanted.name).mutable:
                message.ClearField(described.name)
                if described.is_repeated or not _is_set(old, described):
                    continue
                if described.type == described.TYPE_MESSAGE:
                    getattr(message, described.name).CopyFrom(getattr(old, described.name))
                else:
                    setattr(message, described.name, getattr(old, described.name))
        for name in ("scope", "scope_type"):
            if name in message.DESCRIPTOR.fields_by_name and not getattr(message, name):
                usual = wanted.name.rpartition("/")[0].rpartition("/")[0] if name == "scope" else 1
                setattr(message, name, usual)
    return message


def says_the_same(message: Any, other: Any) -> bool:
    """Whether they are alike but for parts that are there and say nothing: no document tells these from none."""
    return bool(_bare(message) == _bare(other))


def _bare(message: Any) -> Any:
    bare = type(message)()
    bare.CopyFrom(message)
    for described, value in message.ListFields():
        if described.type == described.TYPE_MESSAGE and not described.is_repeated and not value.ByteSize():
            bare.ClearField(described.name)
    return bare


def _is_set(message: Any, described: Any) -> bool:
    return bool(message.HasField(described.name)) if described.type == described.TYPE_MESSAGE else True


def _check_counts(state: AccountState) -> None:
    counts = dict.fromkeys(POLICY_SET, 0)
    for item in state.kept():
        if item.kind in counts:
            counts[item.kind] += 1
    for kind, count in counts.items():
        if count > MOST:
            raise too_many(kind, MOST)


def _located(error: DomainError, document: Document) -> DomainError:
    """The same, saying in which line of the document."""
    if isinstance(error, InvalidDocument) or error.message.startswith("line "):
        return error
    line = document.line(error.field) or _line_of(str(error.metadata.get("resource", "")), document)
    if line:
        error.message = f"line {line}: {error.message}"
        error.metadata["line"] = str(line)
        error.args = (error.message,)
    return error


def _line_of(name: str, document: Document) -> int:
    return document.line(".".join(name.rsplit("/", 2)[1:])) if name.count("/") >= 3 else 0


def text_of(name: str, state: AccountState) -> str:
    """One thing of an account, as in a document."""
    return policy_documents.written(state.get(name), state.account)
