"""Finding, reading and refusing profiles."""

from __future__ import annotations

from pathlib import Path

import pytest

import portico
from portico import errors, profiles


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PORTICO_PROFILE", "PORTICO_PROFILE_DIR", "PORTICO_ADDRESS", "PORTICO_ACCOUNT", "PORTICO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "portico" / "profiles"


def write(folder: Path, text: str = 'address = "127.0.0.1:8443"\n', **files: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text(text)
    for name, content in files.items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)
    return folder


def test_the_default_profile_is_found_in_the_configuration_folder(configuration: Path) -> None:
    write(configuration / "default", token="t")
    found = profiles.load()
    assert (found.name, found.address, found.account, found.token) == ("default", "127.0.0.1:8443", "default", "t")
    assert not found.renewable


def test_variables_choose_the_profile_and_overrule_its_values(
    configuration: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(configuration / "staging", 'address = "staging:1"\naccount = "team"\n')
    monkeypatch.setenv("PORTICO_PROFILE", "staging")
    assert (profiles.load().address, profiles.load().account) == ("staging:1", "team")
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(write(tmp_path / "elsewhere", 'address = "other:2"\n')))
    assert profiles.load().address == "other:2"
    assert profiles.load("staging").address == "staging:1", "a name given by hand is stronger"
    monkeypatch.setenv("PORTICO_ADDRESS", "third:3")
    assert profiles.load().address == "third:3"


def test_names_are_listed(configuration: Path) -> None:
    assert profiles.names() == []
    write(configuration / "b")
    write(configuration / "a")
    (configuration / "no-profile").mkdir()
    assert profiles.names() == ["a", "b"]


def test_a_missing_profile_says_what_to_do(configuration: Path) -> None:
    with pytest.raises(errors.ProfileError, match="portico up") as caught:
        portico.connect()
    assert caught.value.reason == "PROFILE_MISSING"


@pytest.mark.parametrize("text", ["address = ", 'account = "a"\n', "address = 7\n", 'address = ""\n', "\xff"])
def test_a_profile_that_makes_no_sense_is_refused(configuration: Path, text: str) -> None:
    (write(configuration / "default") / "profile.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(errors.ProfileError) as caught:
        profiles.load()
    assert caught.value.reason == "PROFILE_UNREADABLE"


@pytest.mark.parametrize(
    ("given", "told"), [("accounts/acme", 'write "acme"'), ("Acme!", "1 to 63 lower-case letters")]
)
def test_an_account_that_is_none_is_told_with_its_profile_and_field(
    configuration: Path, monkeypatch: pytest.MonkeyPatch, given: str, told: str
) -> None:
    folder = write(configuration / "staging", f'address = "staging:1"\naccount = "{given}"\n')
    with pytest.raises(errors.ProfileError) as caught:
        profiles.load("staging")
    assert f"account in {folder / 'profile.toml'} (the profile staging) is '{given}'" in caught.value.message
    assert told in caught.value.message
    monkeypatch.setenv("PORTICO_ACCOUNT", given)
    with pytest.raises(errors.ProfileError, match="the variable PORTICO_ACCOUNT is"):
        profiles.load("staging")


@pytest.mark.parametrize("name", ["client.key", "token"])
def test_secrets_that_others_may_read_are_refused(configuration: Path, name: str) -> None:
    folder = write(configuration / "default", **{name: "secret"})
    (folder / name).chmod(0o644)
    with pytest.raises(errors.ProfileError, match="chmod 600"):
        profiles.load()


def test_half_a_key_pair_is_refused(configuration: Path) -> None:
    write(configuration / "default", **{"client.pem": "x"})
    with pytest.raises(errors.ProfileError, match=r"client\.key"):
        portico.connect()


def test_secrets_do_not_show(configuration: Path) -> None:
    write(configuration / "default", **{"token": "t0k3n", "client.key": "k3y"})
    assert "t0k3n" not in repr(profiles.load())
    assert "k3y" not in repr(profiles.load())


def test_without_a_profile_an_address_is_enough(tmp_path: Path) -> None:
    with portico.connect(address="127.0.0.1:1", account="team", token="t") as client:
        assert (client.profile.address, client.profile.account, client.profile.folder) == ("127.0.0.1:1", "team", None)


def test_files_that_are_given_but_missing_are_told(tmp_path: Path) -> None:
    with pytest.raises(errors.ProfileError, match="ca-of-nobody"):
        portico.connect(address="127.0.0.1:1", authority_file=tmp_path / "ca-of-nobody")
