"""stores.toml: what is read of it, and what is refused, by the name of the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico_server.platform.blobs.interface import LOCAL, Store
from portico_server.platform.blobs.stores import FILE, S3Store, Stores, read_stores
from portico_server.platform.settings import SettingError

SECRET = "very-secret"
ONE = {
    "name": '"archive"',
    "endpoint": '"https://s3.example.com"',
    "bucket": '"portico-bytes"',
    "access_key_id": '"AKEXAMPLE"',
    "secret_file": '"archive.secret"',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "archive.secret").touch(mode=0o600)
    (tmp_path / "archive.secret").write_text(f"{SECRET}\n")
    return tmp_path


def read(folder: Path, before: str = "", **fields: str) -> Stores:
    lines = [before, "[[stores]]", *(f"{name} = {value}" for name, value in (ONE | fields).items() if value)]
    (folder / FILE).write_text("\n".join(lines))
    return read_stores(folder)


def test_without_a_file_there_is_the_local_store_alone(tmp_path: Path) -> None:
    assert read_stores(tmp_path) == Stores(Store(LOCAL), (), LOCAL)


def test_all_that_can_be_said_is_read(folder: Path) -> None:
    (folder / "ca.pem").touch()
    before = 'default = "archive"\n[local]\nlocation = "weur"\njurisdiction = "eu"'
    found = read(
        folder,
        before,
        prefix='"one/"',
        region='"eu-central-1"',
        addressing='"virtual"',
        ca_file='"ca.pem"',
        location='"enam"',
        jurisdiction='"us"',
    )
    archive = S3Store(
        Store("archive", "enam", "us"),
        "https://s3.example.com",
        "portico-bytes",
        "AKEXAMPLE",
        SECRET,
        "one/",
        "eu-central-1",
        True,
        folder / "ca.pem",
    )
    assert found == Stores(Store(LOCAL, "weur", "eu"), (archive,), "archive")


def test_the_secret_is_not_shown(folder: Path) -> None:
    assert SECRET not in repr(read(folder))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": '"local"'}, "stores[0].name"),
        ({"name": '"Archive"'}, "stores[0].name"),
        ({"name": '"a.b"'}, "stores[0].name"),
        ({"name": ""}, "stores[0].name"),
        ({"endpoint": '"http://s3.example.com"'}, "stores[0].endpoint"),
        ({"endpoint": '"https://user:password@s3.example.com"'}, "stores[0].endpoint"),
        ({"endpoint": '"https://s3.example.com/path"'}, "stores[0].endpoint"),
        ({"endpoint": '"s3.example.com"'}, "stores[0].endpoint"),
        ({"bucket": '"a/b"'}, "stores[0].bucket"),
        ({"prefix": '"no-slash"'}, "stores[0].prefix"),
        ({"prefix": '"/"'}, "stores[0].prefix"),
        ({"access_key_id": '"a/b"'}, "stores[0].access_key_id"),
        ({"secret_file": '"missing"'}, "stores[0].secret_file"),
        ({"ca_file": '"missing.pem"'}, "stores[0].ca_file"),
        ({"addressing": '"dns"'}, "stores[0].addressing"),
        ({"jurisdiction": '"EU"'}, "stores[0].jurisdiction"),
        ({"region": "7"}, "stores[0].region"),
        ({"secret": '"in the file itself"'}, "stores[0].secret"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(folder: Path, fields: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError) as refused:
        read(folder, **fields)
    assert f"{folder / FILE}: {named}" in str(refused.value)
    assert "password" not in str(refused.value)


@pytest.mark.parametrize(
    "before", ['default = "nowhere"', "unknown = 1", '[local]\nbucket = "x"', "[local]\nlocation = 1", "not toml"]
)
def test_what_else_stands_there_must_be_known(folder: Path, before: str) -> None:
    with pytest.raises(SettingError, match=FILE):
        read(folder, before)


def test_a_secret_that_others_can_read_is_refused(folder: Path) -> None:
    (folder / "archive.secret").chmod(0o640)
    with pytest.raises(SettingError, match="chmod 600"):
        read(folder)


@pytest.mark.parametrize("content", ["", "two words", "two\nlines"])
def test_a_secret_is_one_word_in_its_file(folder: Path, content: str) -> None:
    (folder / "archive.secret").write_text(content)
    with pytest.raises(SettingError, match="secret_file"):
        read(folder)


def test_two_stores_of_one_name_are_refused(folder: Path) -> None:
    read(folder)
    (folder / FILE).write_text((folder / FILE).read_text() * 2)
    with pytest.raises(SettingError, match=r"stores\[1\].name"):
        read_stores(folder)


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "[::1]:9000", "localhost:9000"])
def test_a_store_on_this_machine_may_do_without_tls(folder: Path, host: str) -> None:
    assert read(folder, endpoint=f'"http://{host}/"').others[0].endpoint == f"http://{host}"


def test_the_documentation_s_example_is_good(folder: Path) -> None:
    text = (Path(__file__).parents[4] / "docs" / "stores.md").read_text()
    (folder / "archive-ca.pem").touch()
    (folder / FILE).write_text(text.partition("```toml\n")[2].partition("```")[0])
    found = read_stores(folder)
    assert (found.default, found.others[0].store) == ("archive", Store("archive", "weur", "eu"))
