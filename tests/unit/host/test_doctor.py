"""The doctor: each thing that can be wrong is found, with its remedy."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import socket
import subprocess
import time
from collections import namedtuple
from importlib import resources
from pathlib import Path

import pytest

from portico_server.host.supervisor import Check, doctor, inotify, look_at_machine
from portico_server.host.supervisor.data_lock import DataLock
from portico_server.host.supervisor.profile import Profile, profile_folder
from portico_server.host.supervisor.programs import SETTINGS_FILE
from portico_server.platform import outbox
from portico_server.platform.database import Batch
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.keyring import Keyring
from portico_server.platform.outbox import AUDIT, emit
from portico_server.platform.settings import Settings
from tests.harness.credentials import certificate_of
from tests.harness.platform import ROOT
from tests.harness.postgresql import fresh_database, postgresql_server
from tests.harness.waiting import wait_until


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A platform that has been started once."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    data = tmp_path / "data"
    keyring = Keyring.open(data, "portico.local", ["localhost"])
    data.chmod(0o700)
    Profile(profile_folder(data)).refresh(keyring, data, "127.0.0.1:1")
    return Settings(data=data, listen="127.0.0.1:0", web_listen="127.0.0.1:0", s3_listen="127.0.0.1:0")


def found(settings: Settings, name: str) -> Check:
    return next(check for check in doctor(settings) if check.name == name)


def test_all_is_well_with_a_new_platform(settings: Settings) -> None:
    assert [check for check in doctor(settings) if not check.ok] == []
    assert [check for check in doctor(settings) if check.remedy] == []


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    doctor(Settings(data=tmp_path / "nowhere", listen="127.0.0.1:0", web_listen="127.0.0.1:0", s3_listen="127.0.0.1:0"))
    assert not (tmp_path / "nowhere").exists()


def test_a_taken_port(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check = found(settings.replace(listen=f"127.0.0.1:{server.getsockname()[1]}"), "port")
    assert not check.ok
    assert f"process {os.getpid()}" in check.detail
    assert "--listen" in check.remedy


def test_a_platform_that_runs_is_looked_at_as_it_was_started(settings: Settings) -> None:
    """By options, too: they stand in no file of the administrator's."""
    settings.run.mkdir()
    (settings.run / SETTINGS_FILE).write_text(settings.replace(host="plain").to_json())
    assert "plain" not in found(settings, "host").detail
    lock = DataLock.take(settings.data)
    try:
        assert "plain" in found(settings, "host").detail
    finally:
        lock.release()


def test_keys_that_others_can_read(settings: Settings) -> None:
    (settings.data / "keys" / "authority.key").chmod(0o644)
    check = found(settings, "permissions")
    assert not check.ok
    assert "authority.key" in check.detail
    assert "chmod" in check.remedy


def test_what_cannot_be_read_is_a_finding_and_the_other_looks_go_on(settings: Settings) -> None:
    (settings.data / "keys" / "gone").symlink_to("nowhere")
    check = found(settings, "permissions")
    assert not check.ok
    assert "keys/gone" in check.detail
    assert found(settings, "authority").ok


def test_an_expired_client_certificate(settings: Settings) -> None:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    expired = certificate_of(settings.data, "spiffe://portico.local/default/admin", now - 2 * day, now - day)
    (profile_folder(settings.data) / "client.pem").write_bytes(expired.certificate)
    check = found(settings, "client certificate")
    assert not check.ok
    assert "portico up" in check.remedy


def test_a_client_certificate_that_is_none(settings: Settings) -> None:
    (profile_folder(settings.data) / "client.pem").write_text("none")
    check = found(settings, "client certificate")
    assert not check.ok
    assert "is not a certificate" in check.detail


def test_a_broken_policy(settings: Settings) -> None:
    (settings.data / "policy.toml").write_text(
        '[[bindings]]\nprincipals = ["accounts/a/principals/b"]\npermissions = ["*"]\nresources = ["accounts/a"]\n'
    )
    assert found(settings, "policy").ok
    (settings.data / "policy.toml").write_text("[[bindings]]\nprincipals = 5\n")
    check = found(settings, "policy")
    assert not check.ok
    assert "policy.toml:1: bindings[0].principals: must be a list" in check.detail
    assert "Mend the file" in check.remedy


@pytest.fixture
async def database(settings: Settings) -> Path:
    """The file of a database with some pages in it."""
    databases = LocalDatabases(settings)
    await databases.open("objects", resources.files("portico_server.objects") / "migrations")
    await databases.close()
    return settings.data / "databases" / "objects.sqlite"


def test_a_database_that_is_whole_is_left_as_it_was(settings: Settings, database: Path) -> None:
    before = {path: path.read_bytes() for path in database.parent.iterdir()}
    check = found(settings, "database objects")
    assert check.ok, check
    assert {path: path.read_bytes() for path in database.parent.iterdir()} == before


async def test_audit_events_that_wait_are_told(
    settings: Settings, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases = LocalDatabases(settings)
    opened = await databases.open("objects", resources.files("portico_server.objects") / "migrations")
    await opened.batch(Batch([emit(AUDIT, b"x", 1), emit(AUDIT, b"y", 2), emit("usage", b"z", 3)]))
    await databases.close()
    few = found(settings, "database objects")
    assert few.ok
    assert "; 2 audit events wait in it" in few.detail
    monkeypatch.setattr(outbox, "MANY_AUDIT_EVENTS", 2)
    many = found(settings, "database objects")
    assert not many.ok
    assert "nobody collects" in many.remedy


@pytest.mark.parametrize("left", [0, 100, 5000, 0.5])
def test_a_database_that_was_cut(settings: Settings, database: Path, left: float) -> None:
    os.truncate(database, int(left if left > 1 or left == 0 else left * database.stat().st_size))
    check = found(settings, "database objects")
    assert not check.ok
    assert str(database) in check.detail
    assert "restore" in check.remedy


def test_a_database_with_a_damaged_page(settings: Settings, database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096))
    assert not found(settings, "database objects").ok


def test_a_postgresql_that_is_not_there(settings: Settings) -> None:
    check = found(settings.replace(database="postgresql://nobody:verysecret@127.0.0.1:1/x"), "database")
    assert not check.ok
    assert "Connection refused" in check.detail
    assert "verysecret" not in check.detail


def test_a_url_that_postgresql_cannot_read_is_not_shown_with_its_password(settings: Settings) -> None:
    check = found(settings.replace(database="postgresql://nobody:very%secret@127.0.0.1:1/x"), "database")
    assert not check.ok
    assert "%25" in check.remedy
    assert "secret" not in check.detail + check.remedy


def test_a_clock_that_was_set_back(settings: Settings) -> None:
    tomorrow = time.time() + 24 * 3600
    os.utime(settings.data / "keys", (tomorrow, tomorrow))
    check = found(settings, "clock")
    assert not check.ok
    assert "NTP" in check.remedy


def test_a_full_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12, 10**6))
    check = found(settings, "disk")
    assert not check.ok
    assert "Make room" in check.remedy


def test_too_few_open_files(settings: Settings) -> None:
    check = found(settings.replace(max_connections=10**9), "open files")
    assert not check.ok
    assert "max_connections" in check.remedy


def test_a_file_system_without_room_for_files(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    room = namedtuple("room", "f_files f_favail")
    monkeypatch.setattr(os, "statvfs", lambda path: room(10**6, 100))
    (check,) = look_at_machine.inodes(settings)
    assert not check.ok
    assert "room for 100 more files" in check.detail
    assert "Remove files" in check.remedy


def test_no_room_for_what_another_envoy_watches(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inotify, "has_room", lambda: False)
    check = found(settings, "watches")
    assert not check.ok
    assert "inotify instances" in check.detail
    assert "sudo sysctl fs.inotify.max_user_instances=" in check.remedy


def test_a_process_that_was_left_behind(settings: Settings) -> None:
    assert found(settings, "processes").ok
    (settings.run / "front").mkdir(parents=True)
    environment = {"PORTICO_SETTINGS_FILE": "settings.json"}
    with subprocess.Popen(["sleep", "60"], env=environment, cwd=settings.run / "front") as left:
        wait_until(lambda: not found(settings, "processes").ok, "the process is there")
        check = found(settings, "processes")
        left.kill()
    assert str(left.pid) in check.detail
    assert check.remedy == f"End them: kill {left.pid}"


def test_an_authority_that_ends_soon(settings: Settings) -> None:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    ending = certificate_of(settings.data, "spiffe://portico.local", now - day, now + 80 * day)
    (settings.data / "keys" / "authority.pem").write_bytes(ending.certificate)
    assert not found(settings, "authority").ok


@pytest.mark.parametrize(("days", "well"), [(6, True), (8, False)])
def test_the_age_of_the_last_backup(settings: Settings, days: int, well: bool) -> None:
    assert found(settings, "backup").ok
    made_at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    latest = {"path": "/mnt/monday", "created_at": made_at.isoformat()}
    (settings.data / "backup.json").write_text(json.dumps(latest))
    check = found(settings, "backup")
    assert check.ok == well
    assert f"{days} days old: /mnt/monday" in check.detail
    assert bool(check.remedy) != well


def test_a_note_of_the_last_backup_that_cannot_be_read(settings: Settings) -> None:
    (settings.data / "backup.json").write_text("[]")
    assert not found(settings, "backup").ok


def test_ports_of_the_other_doors_that_are_taken(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = f"127.0.0.1:{server.getsockname()[1]}"
        for name in ("web", "mesh", "metrics"):
            check = found(settings.replace(**{f"{name}_listen": taken}), f"{name} port")
            assert not check.ok
            assert f"process {os.getpid()}" in check.detail


def test_a_postgresql_that_would_lose_what_it_acknowledged(settings: Settings) -> None:
    """As the tests' own server does, which syncs nothing."""
    with postgresql_server() as server:
        checks = {check.name: check for check in doctor(settings.replace(database=fresh_database(server)))}
    assert checks["database"].ok
    assert "its encoding is UTF8" in checks["database"].detail
    assert checks["database connections"].ok
    assert checks["database clock"].ok
    assert checks["database durability"].detail == "fsync = off"
    assert "postgresql.conf" in checks["database durability"].remedy


def test_the_page_of_operations_names_each_check(settings: Settings) -> None:
    """Those of one machine; PostgreSQL's are apart."""
    page = (ROOT / "docs" / "operations.md").read_text()
    checks = [check.name for check in doctor(settings)]
    assert len(checks) >= 8
    assert [name for name in checks if f"| {name}" not in page and f", {name}" not in page] == []
