"""The administrator's profile: which folder it is, and when it is written anew."""

from __future__ import annotations

import datetime
import stat
import threading
import tomllib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from portico._files import locked, settle_pair
from portico_server.host.supervisor.profile import Profile, profile_folder
from portico_server.platform.keyring import Keyring
from tests.harness.credentials import certificate_of

URI = "spiffe://portico.local/default/admin"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def keyring(data: Path) -> Keyring:
    return Keyring.open(data, "portico.local", ["localhost"])


@pytest.fixture
def profile(tmp_path: Path, data: Path, keyring: Keyring) -> Profile:
    made = Profile(tmp_path / "profile")
    made.refresh(keyring, data, "127.0.0.1:1")
    return made


def content(profile: Profile) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in profile.folder.iterdir()}


def test_it_has_all_that_a_client_needs_and_is_private(profile: Profile) -> None:
    assert set(content(profile)) == {"profile.toml", "ca.pem", "client.pem", "client.key", "token"}
    assert stat.S_IMODE(profile.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in profile.folder.iterdir()} == {0o600}


def test_a_good_certificate_is_kept_and_the_address_follows(profile: Profile, keyring: Keyring, data: Path) -> None:
    before = content(profile)
    profile.refresh(keyring, data, "127.0.0.1:2")
    after = content(profile)
    assert after["client.pem"] == before["client.pem"]
    assert tomllib.loads(after["profile.toml"].decode())["address"] == "127.0.0.1:2"


def test_a_certificate_near_its_end_is_replaced(profile: Profile, keyring: Keyring, data: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    (profile.folder / "client.pem").write_bytes(certificate_of(data, URI, now - 9 * day, now + day).certificate)
    profile.refresh(keyring, data, "127.0.0.1:1")
    certificate = x509.load_pem_x509_certificate(content(profile)["client.pem"])
    assert certificate.not_valid_after_utc > now + 20 * day


@pytest.mark.parametrize("name", ["client.pem", "client.key", "ca.pem"])
def test_what_is_missing_is_written_again(profile: Profile, keyring: Keyring, data: Path, name: str) -> None:
    (profile.folder / name).unlink()
    profile.refresh(keyring, data, "127.0.0.1:1")
    assert content(profile)[name]


def test_a_damaged_certificate_is_replaced(profile: Profile, keyring: Keyring, data: Path) -> None:
    (profile.folder / "client.pem").write_text("damaged")
    profile.refresh(keyring, data, "127.0.0.1:1")
    x509.load_pem_x509_certificate(content(profile)["client.pem"])


def test_a_profile_of_a_platform_that_was_deleted_is_written_anew(profile: Profile, data: Path, tmp_path: Path) -> None:
    new = Keyring.open(tmp_path / "new", "portico.local", ["localhost"])
    profile.refresh(new, data, "127.0.0.1:1")
    assert content(profile)["ca.pem"] == new.authority_pem


def test_the_folder_is_the_users(tmp_path: Path, data: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert profile_folder(data, environ) == tmp_path / "portico" / "profiles" / "default"
    assert profile_folder(data, {**environ, "PORTICO_PROFILE": "other"}).name == "other"
    assert profile_folder(data, {**environ, "PORTICO_PROFILE_DIR": "/somewhere"}) == Path("/somewhere")


def test_anothers_profile_is_left_alone_while_its_platform_exists(tmp_path: Path, data: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    folder = profile_folder(data, environ)
    other = Keyring.open(tmp_path / "other", "portico.local", ["localhost"])
    Profile(folder).refresh(other, tmp_path / "other", "127.0.0.1:1")
    assert profile_folder(data, environ) == data / "profile"
    assert profile_folder(tmp_path / "other", environ) == folder
    (tmp_path / "other" / "keys").rename(tmp_path / "other" / "gone")
    assert profile_folder(data, environ) == folder


def test_a_reader_with_the_lock_never_sees_the_key_of_another_certificate(
    profile: Profile, keyring: Keyring, data: Path
) -> None:
    """As the SDK reads: under the folder's shared lock."""
    done = threading.Event()

    def replace_often() -> None:
        for _ in range(30):
            (profile.folder / "ca.pem").write_bytes(b"another authority's")
            profile.refresh(keyring, data, "127.0.0.1:1")
        done.set()

    writer = threading.Thread(target=replace_often)
    writer.start()
    seen = set()
    while not done.is_set():
        with locked(profile.folder, exclusive=False):
            pair = (profile.folder / "client.key").read_bytes(), (profile.folder / "client.pem").read_bytes()
        key = serialization.load_pem_private_key(pair[0], None)
        assert key.public_key() == x509.load_pem_x509_certificate(pair[1]).public_key()
        seen.add(pair)
    writer.join()
    assert len(seen) > 1
    assert not list(profile.folder.glob("*.next"))


@pytest.mark.parametrize("who", ["the SDK", "the next start"])
def test_a_replacement_that_was_cut_short_is_finished(
    profile: Profile, keyring: Keyring, data: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    rename = Path.rename

    def crash(path: Path, target: Path) -> Path:
        if path.name == "client.pem.next":
            raise KeyboardInterrupt
        return rename(path, target)

    (profile.folder / "ca.pem").write_bytes(b"another authority's")
    monkeypatch.setattr(Path, "rename", crash)
    with pytest.raises(KeyboardInterrupt):
        profile.refresh(keyring, data, "127.0.0.1:1")
    monkeypatch.undo()
    (profile.folder / "ca.pem").write_bytes(keyring.authority_pem)
    if who == "the SDK":
        settle_pair(profile.folder / "client.key", profile.folder / "client.pem")
    else:
        profile.refresh(keyring, data, "127.0.0.1:1")
    key = serialization.load_pem_private_key((profile.folder / "client.key").read_bytes(), None)
    certificate = x509.load_pem_x509_certificate((profile.folder / "client.pem").read_bytes())
    assert key.public_key() == certificate.public_key()
    assert not list(profile.folder.glob("*.next"))
