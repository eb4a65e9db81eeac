"""Settings: which source wins, and what is said of a value that cannot be used."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from portico_server.platform import settings
from portico_server.platform.settings import SettingError, Settings, from_json, ignored_variables, load, load_running
from portico_server.platform.settings_rules import RULES


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


OUT_OF_BOUNDS = [
    ("data", "a" * 5000, "the path of a folder"),
    ("listen", "8443", "HOST:PORT, as 127.0.0.1:8443"),
    ("listen", "127.0.0.1:99999", "HOST:PORT"),
    ("listen", ":8443", "HOST:PORT"),
    ("listen", "127.0.0.1:-1", "HOST:PORT"),
    ("web_listen", "9443", "HOST:PORT, as 127.0.0.1:9443, or nothing"),
    ("s3_listen", "9000", "HOST:PORT, as 127.0.0.1:9000, or nothing"),
    ("web_origins", "*", "origins as browsers write them"),
    ("web_origins", "https://app.example.com/", "origins as browsers write them"),
    ("web_origins", "https://app.example.com:443", "origins as browsers write them"),
    ("web_origins", "https://App.example.com", "origins as browsers write them"),
    ("web_origins", "null", "origins as browsers write them"),
    ("hostnames", "a b", "DNS names and IP addresses"),
    ("hostnames", "localhost,-a.example", "DNS names and IP addresses"),
    ("hostnames", ".".join(["a" * 60] * 5), "DNS names and IP addresses"),
    ("trust_domain", "EVIL/..", "lower-case letters, digits, dots"),
    ("trust_domain", "", "lower-case letters, digits, dots"),
    ("client_certificates", "never", "required or optional"),
    ("only", "No-Product", "names of products"),
    ("extra_products", "a..b", "Python modules"),
    ("extra_descriptors", "a\0b", "paths of files"),
    ("processes", "objects,../x", "names of products"),
    ("workers", "32", "a number from 1 to 31"),
    ("peers", "objects", "PRODUCT=HOST:PORT of other nodes"),
    ("peers", "objects=192.0.2.7:0", "PRODUCT=HOST:PORT of other nodes"),
    ("mesh_listen", "8444", "HOST:PORT"),
    ("host", "outside", "embedded or plain"),
    ("database", "mysql://x", "sqlite or postgresql://"),
    ("envoy_threads", "two", "a whole number"),
    ("envoy_threads", "0", "a number from 1 to 256"),
    ("envoy_threads", "-3", "a number from 1 to 256"),
    ("max_message_bytes", "1", "a number from 2_097_152 to 1_073_741_824 bytes"),
    ("max_connections", "-1", "a number from 1 to 10_000_000"),
    ("max_connections", "0", "a number from 1 to 10_000_000"),
    ("max_streams", "0", "a number from 1 to 1_000_000"),
    ("calls_per_second", "-1", "a number from 0 to 1_000_000"),
    ("call_burst", "-1", "a number from 0 to 10_000_000"),
    ("concurrent_calls", "many", "a whole number"),
    ("first_message_seconds", "-1", "a number from 0.1 to 3_600 seconds"),
    ("sample_ratio", "1.5", "a number from 0 to 1"),
    ("sample_ratio", "nan", "a number from 0 to 1"),
    ("spans", "none", "sampled or all"),
    ("slow_seconds", "-1", "a number from 0 to 3_600 seconds"),
    ("telemetry_bytes", "0", "a number from 1_048_576 to 1_099_511_627_776 bytes"),
    ("reserve_bytes", "-1", "a number from 0 to 1_099_511_627_776 bytes"),
    ("drain_seconds", "nan", "a number from 0 to 3_600 seconds"),
    ("drain_seconds", "inf", "a number from 0 to 3_600 seconds"),
    ("unresponsive_seconds", "0", "a number from 1 to 3_600 seconds"),
    ("node_certificate_seconds", "0", "a number from 60 to 34_560_000 seconds"),
    ("revocation_list_seconds", "60", "a number from 3_600 to 34_560_000 seconds"),
    ("metrics_listen", "0.0.0.0:9464", "HOST:PORT of this machine alone"),
    ("metrics_listen", "9464", "HOST:PORT of this machine alone"),
    ("mesh_messages", "copied", "shared or serialized"),
    ("dns_name_servers", "ns1.example.net.", "names of hosts in lower case, without a dot at their end"),
    ("dns_listen", "localhost:53", "an IP address with a port"),
    ("dns_queries_per_second", "0", "a number from 1 to 100_000"),
    ("dns_resolvers", "dns.example.net:53", "IP addresses with a port"),
    ("dns_zones", "0", "a number from 1 to 100_000"),
    ("dns_records", "50000", "a number from 1 to 20_000"),
    ("objects_scrub_days", "-1", "a number from 0 to 400 days"),
    ("objects_scrub_bytes_per_second", "1", "a number from 65_536 to 107_374_182_400 bytes"),
    ("webhook_networks", "10.1.2.3/16", "networks in their own spelling"),
    ("webhook_networks", "10.1.2.3", "networks in their own spelling"),
    ("webhook_http_hosts", "*.internal", "DNS names and IP addresses in lower case"),
    ("webhook_authorities", "a\0b", "the path of a file"),
    ("log_level", "loud", "debug, info, warning or error"),
]


@pytest.mark.parametrize(("name", "value", "wanted"), OUT_OF_BOUNDS)
def test_a_value_that_cannot_be_is_named_with_its_source_and_what_to_give(
    tmp_path: Path, name: str, value: str, wanted: str
) -> None:
    variable = f"PORTICO_{name.upper()}"
    with pytest.raises(SettingError) as error:
        load({"data": tmp_path} if name != "data" else {}, {variable: value, "XDG_DATA_HOME": str(tmp_path)})
    shown = "cannot be used" if name == "database" else f"is '{value[:20]}"  # it may hold a password
    assert str(error.value).startswith(f"{name} from the environment variable {variable} {shown}") or "\0" in value
    assert f": give {wanted}" in str(error.value)


def test_every_setting_has_a_rule_that_its_default_keeps_and_that_refuses_something() -> None:
    assert RULES.keys() == {field.name for field in dataclasses.fields(Settings)}
    assert [name for name, rule in RULES.items() if not rule.allows(getattr(Settings(), name))] == []
    assert {name for name, _, _ in OUT_OF_BOUNDS} == RULES.keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen", "[::]:0"),
        ("web_listen", ""),
        ("s3_listen", ""),
        ("web_origins", "https://app.example.com,http://localhost:5173,http://[::1]:8080,https://a.example:80"),
        ("hostnames", "*.example.com,192.0.2.1,2001:db8::1,a"),
        ("trust_domain", "prod.example.com"),
        ("metrics_listen", "[::1]:9464"),
        ("drain_seconds", "0"),
        ("max_message_bytes", str(2 << 20)),
    ],
)
def test_a_value_at_the_border_is_taken(tmp_path: Path, name: str, value: str) -> None:
    load({"data": tmp_path, name: value}, {})


def test_the_command_line_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^max_connections from the command line is '0': give a number from 1"):
        load({"data": tmp_path, "max_connections": "0"}, {})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("listen = ", "is not TOML"),
        ("lissten = 'x'", "sets 'lissten', which is not a setting"),
        ("envoy_threads = 'a'", "give a whole number"),
        ("envoy_threads = true", "give a whole number"),
        ("envoy_threads = 1.5", "give a whole number"),
        ("drain_seconds = []", "give a number"),
        ("hostnames = [1]", "give a list of texts"),
        ("only = 1", "give a list of texts"),
        ("data = 1", "give the path of a folder"),
        ("listen = 5", "give a text"),
        ("max_streams = 0", "give a number from 1"),
        (f"listen = {'[' * 50_000}", "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "portico.toml"
    file.write_text(text)
    with pytest.raises(SettingError, match=told) as error:
        load({"data": tmp_path}, {})
    assert str(file) in str(error.value)


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "portico.toml").write_bytes(b"listen = '\xff'")
    with pytest.raises(SettingError, match=r"portico.toml is not TOML"):
        load({"data": tmp_path}, {})


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


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("PORTICO_MAX_CONNECTION", "PORTICO_MAX_CONNECTIONS"),
        ("PORTICO_LOGLEVEL", "PORTICO_LOG_LEVEL"),
        ("PORTICO_LISTENS", "PORTICO_LISTEN"),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_refused_with_the_one_that_is_meant(
    tmp_path: Path, variable: str, meant: str
) -> None:
    with pytest.raises(SettingError, match=f"{variable} is no setting: {meant} is"):
        load({"data": tmp_path}, {variable: "5"})


def test_variables_of_our_clients_and_of_others_are_let_be(tmp_path: Path) -> None:
    ours = dict.fromkeys(settings.OTHER_VARIABLES - {"PORTICO_CONFIG"}, "x")
    kubernetes = {"PORTICO_SERVICE_HOST": "10.0.0.1", "PORTICO_PORT_8443_TCP": "tcp://10.0.0.1:8443"}
    assert load({"data": tmp_path}, ours | kubernetes) == load({"data": tmp_path}, {})
    assert ignored_variables(ours | kubernetes) == ["PORTICO_PORT_8443_TCP", "PORTICO_SERVICE_HOST"]


def test_a_platform_that_runs_is_found_whatever_is_wrong_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "settings.json").write_text(Settings(data=tmp_path, drain_seconds=77.0).to_json())
    (tmp_path / "portico.toml").write_text("listen = ")
    for found in (load_running({"data": str(tmp_path)}, {}), load_running({}, {"PORTICO_DATA": str(tmp_path)})):
        assert (found.data, found.drain_seconds) == (tmp_path, 77.0)
    (tmp_path / "run" / "settings.json").write_text("half")
    assert load_running({"data": tmp_path}, {"PORTICO_MAX_CONNECTION": "5"}) == Settings(data=tmp_path)


def test_which_platform_is_not_guessed_where_only_a_broken_file_would_say(tmp_path: Path) -> None:
    file = tmp_path / "named.toml"
    file.write_text(f'data = "{tmp_path}"\n')
    assert load_running({}, {}, file).data == tmp_path
    file.write_text("data = ")
    with pytest.raises(SettingError, match="is not TOML"):
        load_running({}, {}, file)
    assert load_running({"data": tmp_path}, {}, file).data == tmp_path


def test_the_file_of_the_default_directory_that_is_broken_keeps_nothing_from_being_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "portico").mkdir()
    (tmp_path / "portico" / "portico.toml").write_bytes(b"\xff")
    assert load_running({}, {}).data == tmp_path / "portico"


def test_a_database_that_cannot_be_is_not_shown_with_its_password() -> None:
    for value in ("postgres+x://portico:hunter2@host/name", ["postgresql://portico:hunter2@host/name"]):
        with pytest.raises(SettingError, match=r"^database from the command line cannot be used: give ") as refused:
            load({"database": value}, {})
        assert "hunter2" not in str(refused.value)
