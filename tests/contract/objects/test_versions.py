"""Versions and delete markers, as S3 has them: against a model, and told one by one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from portico.objects.v1.objects_pb2 import Object
from portico_server.objects import errors
from tests.contract.objects.conftest import Driven
from tests.contract.objects.stand import DISABLED, ENABLED, SUSPENDED, Stand, keys

KEYS = st.sampled_from(["a", "b", "b/c"])
SIZES = st.sampled_from([0, 1, 5, 20_000])


@dataclass
class ModelVersion:
    version_id: str
    data: bytes | None
    """None: it is a delete marker."""


@dataclass
class Model:
    """A bucket: each key's versions, newest first."""

    versioning: int = DISABLED
    keys: dict[str, list[ModelVersion]] = field(default_factory=dict)

    def add(self, key: str, version_id: str, data: bytes | None) -> None:
        versions = self.keys.setdefault(key, [])
        if version_id == "null":
            versions[:] = [version for version in versions if version.version_id != "null"]
        versions.insert(0, ModelVersion(version_id, data))

    def remove(self, key: str, version_id: str) -> ModelVersion | None:
        versions = self.keys.get(key, [])
        found = next((version for version in versions if version.version_id == version_id), None)
        if found:
            versions.remove(found)
        return found

    def current(self, key: str) -> bytes | None:
        versions = self.keys.get(key, [])
        return versions[0].data if versions else None

    def listed(self) -> list[tuple[str, str, bool, bool]]:
        return [
            (key, version.version_id, version.data is None, number == 0)
            for key in sorted(self.keys)
            for number, version in enumerate(self.keys[key])
        ]


class Machine(RuleBasedStateMachine):
    """Does the same to the product and to the model, and compares what both hold after each step."""

    driven: Driven

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.puts = 0

    def run(self, work: Any) -> Any:
        return self.driven.run(work)

    @initialize()
    def begin(self) -> None:
        self.run(self.driven.stand.clear())
        self.run(self.driven.stand.create_bucket())

    @rule(versioning=st.sampled_from([ENABLED, SUSPENDED]))
    def change_versioning(self, versioning: int) -> None:
        self.run(self.driven.stand.update_bucket(versioning=versioning))
        self.model.versioning = versioning

    @rule(key=KEYS, size=SIZES)
    def put(self, key: str, size: int) -> None:
        self.puts += 1
        data = (str(self.puts).encode() * size)[:size]
        version_id = self.run(self.driven.stand.put(key, data)).version_id
        assert (version_id == "null") == (self.model.versioning != ENABLED)
        self.model.add(key, version_id, data)

    @rule(source=KEYS, key=KEYS)
    def copy(self, source: str, key: str) -> None:
        data = self.model.current(source)
        if data is None:
            with pytest.raises(errors.ObjectNotFound):
                self.run(self.driven.stand.copy(source, key))
        else:
            self.model.add(key, self.run(self.driven.stand.copy(source, key)).version_id, data)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        deleted = self.run(self.driven.stand.delete(key))
        if self.model.versioning == DISABLED:
            found = self.model.remove(key, "null")
            assert (deleted.version_id, deleted.delete_marker) == ("null" if found else "", False)
        else:
            assert deleted.delete_marker
            assert (deleted.version_id == "null") == (self.model.versioning == SUSPENDED)
            self.model.add(key, deleted.version_id, None)

    @precondition(lambda self: any(self.model.keys.values()))
    @rule(data=st.data())
    def delete_version(self, data: st.DataObject) -> None:
        key, version_id, marker, _ = data.draw(st.sampled_from(self.model.listed()))
        deleted = self.run(self.driven.stand.delete(key, version_id=version_id))
        assert (deleted.version_id, deleted.delete_marker) == (version_id, marker)
        self.model.remove(key, version_id)

    @precondition(lambda self: any(self.model.keys.values()))
    @rule(data=st.data())
    def delete_many_versions(self, data: st.DataObject) -> None:
        chosen = data.draw(st.lists(st.sampled_from(self.model.listed()), min_size=1, unique=True))
        results = self.run(self.driven.stand.delete_many([(key, version_id) for key, version_id, _, _ in chosen]))
        assert [(r.version_id, r.delete_marker) for r in results] == [(v, marker) for _, v, marker, _ in chosen]
        for key, version_id, _, _ in chosen:
            self.model.remove(key, version_id)

    @invariant()
    def both_list_the_same_versions(self) -> None:
        listed: list[Object] = []
        token = ""
        while True:
            page = self.run(self.driven.stand.list_versions(page_size=3, page_token=token))
            listed += page.objects
            token = page.next_page_token
            if not token:
                break
        seen = [
            (item.name.partition("/objects/")[2], item.version_id, item.delete_marker, item.latest) for item in listed
        ]
        assert seen == self.model.listed()

    @invariant()
    def both_have_the_same_current_objects(self) -> None:
        present = [key for key in sorted(self.model.keys) if self.model.current(key) is not None]
        assert keys(self.run(self.driven.stand.list())) == present
        for key in present:
            assert self.run(self.driven.stand.get(key)) == self.model.current(key)

    def teardown(self) -> None:
        """In the end every version can be read, and nothing is left of those that are gone."""
        self.run(self.driven.stand.collect())
        held = [version for versions in self.model.keys.values() for version in versions if version.data is not None]
        for key, versions in self.model.keys.items():
            for version in versions:
                if version.data is not None:
                    assert self.run(self.driven.stand.get(key, version_id=version.version_id)) == version.data
        usage = self.run(self.driven.stand.usage())
        assert usage == (len(held), sum(len(version.data or b"") for version in held))
        assert len(self.driven.stand.files()) == sum(len(version.data or b"") > 16 * 1024 for version in held)
        inline = self.run(self.driven.stand.database.scan("SELECT count(*) FROM inline_bytes"))[0][0]
        assert inline == sum(0 < len(version.data or b"") <= 16 * 1024 for version in held)


def test_versions_are_what_the_model_says(driven: Driven) -> None:
    run_machine(driven, runs=20)


@pytest.mark.long
def test_versions_are_what_the_model_says_for_long(driven: Driven) -> None:
    run_machine(driven, runs=400)


def run_machine(driven: Driven, runs: int) -> None:
    machine = type("MachineOfThisTest", (Machine,), {"driven": driven})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


async def test_a_version_id_sorts_by_time_and_is_plain_text(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    ids = [(await stand.put("k")).version_id for _ in range(5)]
    assert ids == sorted(ids)
    assert all(version_id.isalnum() and version_id.isascii() for version_id in ids)


async def test_each_put_makes_a_version_and_all_can_be_read(stand: Stand) -> None:
    await stand.put("k", b"before")
    await stand.update_bucket(versioning=ENABLED)
    one, two = await stand.put("k", b"one"), await stand.put("k", bytes(20_000))
    assert await stand.get("k") == bytes(20_000)
    assert await stand.get("k", version_id=one.version_id) == b"one"
    assert await stand.get("k", version_id=two.version_id) == bytes(20_000)
    assert await stand.get("k", version_id="null") == b"before"
    assert await stand.head("k", version_id=one.version_id) == one


async def test_a_version_of_another_key_is_not_found(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    version_id = (await stand.put("a")).version_id
    await stand.put("a")
    with pytest.raises(errors.VersionNotFound):
        await stand.get("b", version_id=version_id)
    assert (await stand.delete("b", version_id=version_id)).version_id == ""
    assert (await stand.delete_many([("b", version_id), ("c", version_id)]))[0].version_id == ""
    assert len((await stand.list_versions()).objects) == 2


async def test_behind_a_delete_marker_the_object_is_not_found_but_its_versions_are(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    put = await stand.put("k")
    marker = await stand.delete("k")
    with pytest.raises(errors.ObjectNotFound):
        await stand.get("k")
    assert await stand.get("k", version_id=put.version_id) == b"bytes"
    for read in (stand.get, stand.head):
        with pytest.raises(errors.ObjectNotFound) as refused:
            await read("k", version_id=marker.version_id)
        assert refused.value.metadata["delete_marker"] == "true"
    await stand.delete("k", version_id=marker.version_id)
    assert await stand.get("k") == b"bytes"


async def test_versions_are_listed_a_page_at_a_time_the_newest_of_a_key_first(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    ids = {key: [(await stand.put(key)).version_id for _ in range(3)] for key in ("a", "b")}
    expected = [("a", version_id) for version_id in reversed(ids["a"])]
    expected += [("b", version_id) for version_id in reversed(ids["b"])]
    for page_size in (1, 2, 3, 4, 6, 0):
        found, latest, token = [], [], ""
        while True:
            page = await stand.list_versions(page_size=page_size, page_token=token)
            found += list(zip(keys(page), (item.version_id for item in page.objects), strict=True))
            latest += [item.version_id for item in page.objects if item.latest]
            token = page.next_page_token
            if not token:
                break
        assert found == expected
        assert latest == [ids["a"][-1], ids["b"][-1]]
    assert keys(await stand.list_versions(prefix="b")) == ["b"] * 3


async def test_puts_of_one_key_at_the_same_time_are_all_kept(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    puts = await asyncio.gather(*(stand.put("k", str(number).encode()) for number in range(40)))
    listed = (await stand.list_versions()).objects
    assert {item.version_id for item in listed} == {put.version_id for put in puts}
    newest = next(item for item in listed if item.latest)
    assert await stand.get("k") == str([put.version_id for put in puts].index(newest.version_id)).encode()


async def test_who_reads_what_a_marker_hides_is_told_of_the_marker(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    await stand.put("k")
    marker = (await stand.delete("k")).version_id
    for read in (stand.get, stand.head):
        with pytest.raises(errors.ObjectNotFound) as raised:
            await read("k")
        assert raised.value.metadata["delete_marker"] == "true"
        assert raised.value.metadata["version_id"] == marker
    with pytest.raises(errors.ObjectNotFound) as raised:
        await stand.get("other")
    assert "delete_marker" not in raised.value.metadata
