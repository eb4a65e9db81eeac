"""Settings: which source wins, and what is said of a value that cannot be used."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from portico_server.platform import settings
from portico_server.platform.settings import SettingError, Settings, from_json, load


def test_the_strongest_source_wins(tmp_path: Path) -> None:
    (tmp_path / "portico.toml").write_text('listen = "127.0.0.1:1"\nlog_level = "debug"\nenvoy_threads = 3\n')
    environ = {"PORTICO_LISTEN": "127.0.0.1:2", "PORTICO_LOG_LEVEL": "error", "UNRELATED": "x"}
    loaded = load({"data": tmp_path, "listen": "127.0.0.1:3", "only": None}, environ)
    assert (loaded.listen, loaded.log_level, loaded.envoy_threads) == ("127.0.0.1:3", "error", 3)
    assert loaded.sample_ratio == Settings().sample_ratio


def test_a_named_file_is_read_instead_of_the_data_directorys(tmp_path: Path) -> None:
    (tmp_path / "portico.toml").write_text('log_level = "debug"\n')
    (tmp_path / "other.toml").write_text('log_level = "error"\n')
    environ = {"PORTICO_DATA": str(tmp_path), "PORTICO_CONFIG": str(tmp_path / "other.toml")}
    assert load({}, environ).log_level == "error"
    assert load({}, {"PORTICO_DATA": str(tmp_path)}).log_level == "debug"


def test_text_becomes_the_settings_own_type(tmp_path: Path) -> None:
    environ = {
        "PORTICO_DATA": str(tmp_path),
        "PORTICO_ONLY": "objects,,access",
        "PORTICO_MAX_MESSAGE_BYTES": "16_000_000",
        "PORTICO_DRAIN_SECONDS": "3",
    }
    loaded = load({}, environ)
    assert loaded.only == ("objects", "access")
    assert loaded.max_message_bytes == 16_000_000
    assert loaded.drain_seconds == 3.0


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("LISTEN", "8443", "give HOST:PORT"),
        ("LISTEN", "127.0.0.1:99999", "give HOST:PORT"),
        ("ENVOY_THREADS", "two", "ENVOY_THREADS is 'two': give a number"),
        ("CLIENT_CERTIFICATES", "never", "give required or optional"),
        ("DATABASE", "mysql://x", "give sqlite or postgresql://"),
        ("LOG_LEVEL", "loud", "give debug, info, warning or error"),
        ("SAMPLE_RATIO", "1.5", "give a number from 0 to 1"),
        ("METRICS_LISTEN", "0.0.0.0:9464", "give HOST:PORT of this machine alone"),
        ("METRICS_LISTEN", "9464", "give HOST:PORT of this machine alone"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_to_give(tmp_path: Path, name: str, value: str, told: str) -> None:
    with pytest.raises(SettingError, match=re.escape(told)):
        load({"data": tmp_path}, {f"PORTICO_{name}": value})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("listen = ", "is not TOML"),
        ("lissten = 'x'", "sets 'lissten', which is not a setting"),
        ("envoy_threads = 'a'", "give a number"),
        ("listen = 5", "give a str"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "portico.toml"
    file.write_text(text)
    with pytest.raises(SettingError, match=told) as error:
        load({"data": tmp_path}, {})
    assert str(file) in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"cannot read .*nowhere"):
        load({"data": tmp_path}, {}, tmp_path / "nowhere.toml")


def test_settings_come_back_from_json() -> None:
    changed = Settings(data=Path("/somewhere"), only=("objects",), sample_ratio=0.5)
    assert from_json(changed.to_json()) == changed


def test_addresses_of_both_families_are_split() -> None:
    assert Settings(listen="[::1]:8443").listen_address == ("::1", 8443)
    assert Settings(listen="127.0.0.1:0").listen_address == ("127.0.0.1", 0)


def test_every_setting_is_documented_where_it_is_defined() -> None:
    source = inspect.getsource(settings.Settings)
    for field in dataclasses.fields(Settings):
        assert re.search(rf'^    {field.name}: [^\n]*\n    """[A-Z`]', source, re.MULTILINE), (
            f"{field.name} has no docstring"
        )
