"""The other commands, and what all of them share: help, exit codes, errors, JSON."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import grpc
import pytest

from portico.gateway.v1 import telemetry_pb2
from portico_cli.commands.grpcurl import split
from portico_cli.root import portico as root
from portico_cli.settings import documentation
from portico_server.platform.settings import setting_names
from tests.unit.cli.conftest import Portico
from tests.unit.sdk.fake_platform import FakePlatform, Fault

RAY = "0199c4b0a1f2" + "0" * 20


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command that can be run, as its words."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    found = [path] if path else []
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        assert child is not None
        found += leaves(child, (*path, name))
    return found


COMMANDS = leaves(root)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(portico: Portico, words: tuple[str, ...]) -> None:
    outcome = portico(*words, "--help")
    assert outcome.code == 0
    assert outcome.err == ""
    assert "..." not in outcome.out.partition("\nCommands:\n")[2], "sentences are whole"
    if len(words) == 1 or words[0] == "objects":
        assert f"portico {' '.join(words)}" in outcome.out.partition("Examples:")[2] or words[0] == "completion"


def test_help_is_quick_and_loads_neither_grpc_nor_the_server() -> None:
    code = (
        "from portico_cli.main import run; import sys; run(['--help']); run(['objects', '--help']); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"grpc", "google.protobuf", "rich", "portico_server", "cryptography"}
    took = []
    for _ in range(5):
        begin = processor_seconds_of_children()
        subprocess.run([sys.executable, "-m", "portico_cli.main", "--help"], capture_output=True, check=True)
        took.append(processor_seconds_of_children() - begin)
    assert min(took) < 0.4, "0.1 s on a quiet machine"


def processor_seconds_of_children() -> float:
    """Of those that have ended; a busy machine takes longer, but not more of these."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("NOT_FOUND", 3),
        ("PERMISSION_DENIED", 4),
        ("UNAUTHENTICATED", 4),
        ("ALREADY_EXISTS", 5),
        ("FAILED_PRECONDITION", 5),
        ("ABORTED", 5),
        ("RESOURCE_EXHAUSTED", 6),
        ("INTERNAL", 1),
        ("INVALID_ARGUMENT", 2),
    ],
)
def test_exit_codes_tell_kinds_of_errors(portico: Portico, fake: FakePlatform, code: str, exit_code: int) -> None:
    fake.fail("ListBuckets", Fault(grpc.StatusCode[code], "REASON", "what was wrong"))
    outcome = portico("objects", "ls")
    assert outcome.code == exit_code
    lines = outcome.err.splitlines()
    assert lines[0] == "portico: what was wrong (REASON)"
    assert lines[-1].startswith("  ray 0000")
    assert "Traceback" not in outcome.err


def test_errors_are_json_where_answers_are(portico: Portico, fake: FakePlatform) -> None:
    violation = ("parent", "is wrong", "string.pattern")
    fake.fail(
        "ListBuckets", Fault(grpc.StatusCode.INVALID_ARGUMENT, "R", "m", metadata={"k": "v"}, violations=(violation,))
    )
    outcome = portico("objects", "ls", "--output", "json")
    error = json.loads(outcome.err)["error"]
    assert (error["code"], error["reason"], error["metadata"]) == ("INVALID_ARGUMENT", "R", {"k": "v"})
    assert error["violations"] == [{"field": "parent", "description": "is wrong", "rule": "string.pattern"}]
    assert outcome.out == ""


def test_a_platform_that_does_not_run_is_told_with_what_to_do(
    portico: Portico, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTICO_ADDRESS", "127.0.0.1:1")
    outcome = portico("objects", "ls")
    assert outcome.code == 6
    assert "portico up" in outcome.err


def test_a_certificate_that_is_none_is_told_as_such(portico: Portico, fake: FakePlatform) -> None:
    (fake.profile / "client.pem").write_text("garbage")
    assert "client.pem of the profile is no certificate" in portico("cert", "show").err


def test_a_missing_profile_is_told_with_what_to_do(
    portico: Portico, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(tmp_path / "nothing"))
    outcome = portico("objects", "ls")
    assert outcome.code == 6
    assert "portico up" in outcome.err


def test_a_traceback_is_shown_on_demand(portico: Portico, monkeypatch: pytest.MonkeyPatch, fake: FakePlatform) -> None:
    monkeypatch.setattr("portico_cli.commands.token.output.show_json", lambda value: 1 / 0)
    assert portico("token", "--output", "json").err.count("\n") == 1
    monkeypatch.setenv("PORTICO_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        portico("token", "--output", "json")


def test_the_profiles_token_is_printed_and_new_ones_are_made(portico: Portico, fake: FakePlatform) -> None:
    assert portico("token").out == (fake.profile / "token").read_text() + "\n"
    made = portico("token", "--ttl", "300", "--bind", "--subject", "backup").out.strip()
    request = fake.requests["CreateToken"][-1]
    assert made in fake.tokens
    assert (request.ttl.seconds, request.bind_certificate) == (300, True)
    assert request.subject == "accounts/default/principals/backup"
    assert portico("token", "--ttl", "59").code == 2


def test_certificates_are_shown_renewed_and_created(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    before = portico("cert", "show", "--output", "json").json()
    after = portico("cert", "renew", "--output", "json").json()
    assert before["sha256"] != after["sha256"]
    assert portico("cert", "show", "--output", "json").json() == after
    folder = tmp_path / "backup"
    assert portico("cert", "create", "--subject", "backup", "--folder", folder).code == 0
    assert portico("objects", "ls", "--profile", folder).code == 0
    assert portico("cert", "create", "--folder", folder).code == 2


def test_the_environment_of_other_clients_is_printed_for_the_shell(portico: Portico, fake: FakePlatform) -> None:
    script = portico("env", "--trust").out + 'printf "%s" "$OTEL_EXPORTER_OTLP_HEADERS $SSL_CERT_FILE"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    headers, authority = done.stdout.split()
    assert headers == f"authorization=Bearer%20{(fake.profile / 'token').read_text()}"
    assert Path(authority).read_bytes() == (fake.profile / "ca.pem").read_bytes()
    assert portico("env", "--output", "json").json()["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"https://{fake.address}"
    assert portico("env", "--shell", "fish").out.startswith("set -gx ")
    assert "SSL_" not in portico("env").out, "other programs of the shell go on trusting whom they trust"


def test_requests_are_listed(portico: Portico, fake: FakePlatform) -> None:
    for number in range(30):
        fake.events.append(
            telemetry_pb2.RequestEvent(ray_id=f"{number:032x}", code=5 if number % 2 else 0, method="/a.B/C")
        )
    assert len(portico("requests").out.splitlines()) == 21
    assert len(portico("requests", "-n", "25").out.splitlines()) == 26
    failed = portico("requests", "--failed", "-n", "5", "--output", "json").json()
    assert {event["code"] for event in failed} == {"NOT_FOUND"}
    assert len(failed) == 5


def test_a_call_that_a_service_made_for_somebody_names_it(portico: Portico, fake: FakePlatform) -> None:
    event = {"ray_id": RAY, "method": "/p.S/Get", "principal": "accounts/a/principals/b"}
    fake.events.append(telemetry_pb2.RequestEvent(**event, acting_service="q.Caller"))
    fake.traces.setdefault(RAY, telemetry_pb2.GetTraceResponse()).request_events.extend(fake.events)
    assert "q.Caller" in portico("requests").out
    assert "accounts/a/principals/b by q.Caller" in portico("trace", RAY).out


def test_a_trace_is_shown_as_a_waterfall(portico: Portico, fake: FakePlatform) -> None:
    trace = fake.traces.setdefault(RAY, telemetry_pb2.GetTraceResponse())
    trace.request_events.add(
        ray_id=RAY, method="/p.S/Put", duration_nanos=10_000_000, principal="accounts/a/principals/b"
    )
    for name, span, parent, start, took in (
        ("p.S/Put", "b" * 16, "a" * 16, 1, 8),
        ("portico objects cp", "a" * 16, "", 0, 10),
        ("store.put", "c" * 16, "b" * 16, 5, 2),
    ):
        trace.spans.add(
            trace_id=RAY, span_id=span, parent_span_id=parent, name=name, scope=name[:3], duration_nanos=took * 10**6
        )
        trace.spans[-1].start_time.FromMilliseconds(1000 + start)
    lines = portico("trace", RAY.upper()).out.splitlines()
    assert RAY in lines[0]
    assert [
        line[5:].rstrip().startswith(text)
        for line, text in zip(lines[2:], ("portico objects", "  S/Put", "    store.put"), strict=True)
    ]
    bars = [(line.index("━"), line.count("━")) for line in lines[2:]]
    assert bars == sorted(bars), "a child begins behind its parent"
    assert bars[0][1] > bars[1][1] > bars[2][1]
    assert portico("trace", RAY, "--output", "json").json()["spans"][0]["name"] == "p.S/Put"


def test_a_call_that_was_not_sampled_is_shown_by_its_steps(portico: Portico, fake: FakePlatform) -> None:
    trace = fake.traces.setdefault(RAY, telemetry_pb2.GetTraceResponse())
    event = trace.request_events.add(ray_id=RAY, method="/p.S/Put", duration_nanos=10_000_000, code=5, reason="GONE")
    event.steps.add(step="identity", start_nanos=1_000_000, duration_nanos=2_000_000)
    out = portico("trace", RAY).out
    assert "identity" in out
    assert "GONE" in out


def test_a_trace_that_is_just_being_written_is_waited_for(portico: Portico, fake: FakePlatform) -> None:
    fake.fail("GetTrace", *[Fault(grpc.StatusCode.NOT_FOUND, "TRACE_NOT_FOUND")] * 2)
    fake.traces[RAY] = telemetry_pb2.GetTraceResponse()
    fake.traces[RAY].request_events.add(ray_id=RAY)
    assert portico("trace", RAY).code == 0
    assert fake.calls["GetTrace"] == 3


def test_a_traced_command_hands_in_its_spans_and_prints_the_trace(portico: Portico, fake: FakePlatform) -> None:
    outcome = portico("objects", "mb", "photos", "--trace")
    trace_id = outcome.err.split()[1].rstrip(":")
    assert {span.trace_id.hex() for span in fake.spans} == {trace_id}
    assert fake.spans[-1].name == "portico objects mb"
    failed = portico("objects", "mb", "photos", "--trace")
    assert failed.code == 5
    assert "portico trace" in failed.err


def test_the_last_call_is_found_by_one_word(
    portico: Portico, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico_cli.commands.trace._WRITTEN_SECONDS", 0)
    tracing = "/portico.gateway.v1.TelemetryService/GetTrace"
    for method, trace_id in ((tracing, "0" * 32), ("/a.B/C", RAY), ("/a.B/D", "1" * 32)):
        fake.events.append(telemetry_pb2.RequestEvent(method=method, trace_id=trace_id))
    fake.traces[RAY] = telemetry_pb2.GetTraceResponse()
    fake.traces[RAY].request_events.add(ray_id=RAY, method="/a.B/C")
    assert "a.B/C" in portico("trace", "last").out


def test_operations_are_shown_and_waited_for(portico: Portico, fake: FakePlatform) -> None:
    portico("objects", "mb", "photos")
    portico("objects", "cp", "-", "portico://photos/k", given=b"x")
    portico("objects", "rb", "photos", "--force", "--yes")
    assert "done" in portico("operations", "get", "operations/objects/1").out
    assert portico("operations", "wait", "operations/objects/1", "--output", "json").json()["done"] is True
    assert portico("operations", "get", "operations/objects/2").code == 3


def test_operations_of_all_products_are_listed_without_one(portico: Portico, fake: FakePlatform) -> None:
    for arguments, name in ((("objects",), "operations/objects"), ((), "operations")):
        portico("operations", "list", *arguments)
        assert fake.requests["ListOperations"][-1].name == name


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("trace", "nope"), "32 hex digits"),
        (("trace", RAY + "0"), "32 hex digits"),
        (("operations", "get", "nope"), "operations/PRODUCT/ID"),
        (("operations", "list", "a/b"), "no product's name"),
        (("token", "revoke", "backup"), "neither a token nor the id"),
        (("token", "revoke", "-"), "neither a token nor the id"),
        (("cert", "revoke", "gone.pem"), "neither a file nor"),
        (("cert", "revoke", "--serial", "zz"), "no serial number"),
        (("objects", "ls", "--timeout", "nan"), "no number of seconds"),
        (("objects", "ls", "--timeout", "1e999"), "no number of seconds"),
    ],
)
def test_what_is_no_name_is_told_with_the_rule_before_a_call(
    portico: Portico, fake: FakePlatform, arguments: tuple[str, ...], told: str
) -> None:
    outcome = portico(*arguments)
    assert (outcome.code, told in outcome.err, "^" in outcome.err) == (2, True, False)
    assert not fake.calls


def test_json_has_one_casing(portico: Portico, fake: FakePlatform, tmp_path: Path) -> None:
    def names(value: Any) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(names, value))
        return set(value).union(*map(names, value.values())) if isinstance(value, dict) else set()

    status = portico("status", "--data", tmp_path, "--output", "json").json()
    assert {"running", "startedAt", "processes"} <= names(status)
    doctor = portico("doctor", "--data", tmp_path, "--output", "json").json()
    error = json.loads(portico("objects", "stat", "portico://none/k", "--output", "json").err)
    assert "rayId" in names(error)
    for answer in (status, doctor, error, portico("profile", "show", "--output", "json").json()):
        assert not [name for name in names(answer) if "_" in name]


def test_health_is_asked(portico: Portico, fake: FakePlatform) -> None:
    assert portico("health").out == "SERVING\n"
    unknown = portico("health", "unknown.Service")
    assert unknown.code == 3
    assert "no service unknown.Service" in unknown.err


def test_profiles_are_listed_and_shown_without_secrets(
    portico: Portico, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = portico("profile", "show", "--output", "json").json()
    assert shown["address"] == fake.address
    assert (fake.profile / "token").read_text() not in str(shown)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert "portico up" in portico("profile", "list").err
    folder = tmp_path / "portico" / "profiles" / "mine"
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text('address = "there:1"\n')
    assert "there:1" in portico("profile", "list").out


def test_a_profile_that_cannot_be_read_hides_no_other(
    portico: Portico, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name, content in (("broken", "address = there"), ("mine", 'address = "there:1"\n')):
        folder = tmp_path / "portico" / "profiles" / name
        folder.mkdir(parents=True)
        (folder / "profile.toml").write_text(content)
    listed = portico("profile", "list")
    assert listed.code == 0
    assert "there:1" in listed.out
    assert str(tmp_path / "portico" / "profiles" / "broken") in listed.err


def test_settings_are_shown_with_where_they_come_from(
    portico: Portico, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "portico.toml").write_text("max_connections = 7\n")
    monkeypatch.setenv("PORTICO_LOG_LEVEL", "debug")
    arguments = ("config", "--data", tmp_path, "--set", "sample-ratio=0.5")
    rows = {line.split()[0]: line.split()[1:] for line in portico(*arguments).out.splitlines() if line}
    assert rows["max_connections"] == ["7", str(tmp_path / "portico.toml")]
    assert rows["log_level"] == ["debug", "PORTICO_LOG_LEVEL"]
    assert rows["sample_ratio"] == ["0.5", "option"]
    assert rows["listen"] == ["127.0.0.1:8443", "default"]
    assert portico(*arguments, "--output", "json").json()["max_connections"] == 7


def test_every_setting_is_documented() -> None:
    texts = documentation()
    assert sorted(texts) == sorted(setting_names())
    assert all(texts.values())


@pytest.mark.parametrize("bad", ["nothing=1", "max_connections=many", "novalue"])
def test_settings_that_make_no_sense_are_refused(portico: Portico, tmp_path: Path, bad: str) -> None:
    outcome = portico("config", "--data", tmp_path, "--set", bad)
    assert outcome.code in (1, 2)
    assert bad.partition("=")[0] in outcome.err


def test_a_typo_in_portico_toml_keeps_nothing_from_being_asked_or_stopped(portico: Portico, tmp_path: Path) -> None:
    (tmp_path / "portico.toml").write_text("max_conections = 7\n")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "front.log").write_text("a line\n")
    here = ("--data", tmp_path)
    assert "no platform runs" in portico("down", *here).err
    assert "no platform runs" in portico("status", *here).out
    assert portico("logs", *here).out == "a line\n"
    looked = portico("doctor", *here)
    assert looked.code == 1
    assert f"FAIL  settings: {tmp_path / 'portico.toml'} sets 'max_conections'" in looked.out
    assert "did you mean max_connections?" in looked.out
    assert "ok    disk" in looked.out
    assert "did you mean max_connections?" in portico("config", *here).err
    (tmp_path / "portico.toml").write_bytes(b"\xff")
    assert "please report it" not in portico("config", *here).err
    (tmp_path / "portico.toml").unlink()
    assert "ok    settings" in portico("doctor", *here).out


def test_variables_that_mean_nothing_are_told(
    portico: Portico, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PORTICO_WHATEVER", "1")
    assert "change nothing: PORTICO_WHATEVER" in portico("config", "--data", tmp_path).err
    monkeypatch.setenv("PORTICO_MAX_CONNECTION", "5")
    refused = portico("config", "--data", tmp_path)
    assert (refused.code, "PORTICO_MAX_CONNECTIONS is" in refused.err) == (1, True)


def test_where_no_platform_runs_that_is_told(portico: Portico, tmp_path: Path) -> None:
    assert (portico("status", "--data", tmp_path).code, portico("down", "--data", tmp_path).code) == (6, 1)
    assert "no platform runs" in portico("restart", "--data", tmp_path).err
    assert portico("status", "--data", tmp_path, "--output", "json").json()["running"] is False
    assert portico("logs", "--data", tmp_path).code == 3


def test_logs_are_shown_from_their_end(portico: Portico, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "front.log").write_text("".join(f"line {number}\n" for number in range(100)))
    (tmp_path / "logs" / "supervisor.log").write_text("up\n")
    out = portico("logs", "--data", tmp_path, "-n", "2").out
    assert out.splitlines() == ["front: line 98", "front: line 99", "supervisor: up"]
    assert portico("logs", "supervisor", "--data", tmp_path).out == "up\n"
    assert portico("logs", "front", "--data", tmp_path, "-n", "0").out == ""


def test_logs_are_followed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "front.log"
    log.write_text("first\n")
    command = [sys.executable, "-u", "-m", "portico_cli.main", "logs", "-f", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "first\n"
        with log.open("a") as file:
            file.write("second\nhal")
        assert process.stdout.readline() == "second\n"
        log.write_text("anew\n")
        assert process.stdout.readline() == "anew\n"
        process.terminate()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete(portico: Portico, shell: str) -> None:
    assert "_PORTICO_COMPLETE" in portico("completion", shell).out


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("portico up --set max", ["max_message_bytes=", "max_connections=", "max_streams="]),
        ("portico tok", ["token"]),
    ],
)
def test_commands_and_settings_are_completed(line: str, offered: list[str]) -> None:
    asked = {"_PORTICO_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    command = [sys.executable, "-m", "portico_cli.main"]
    done = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.split() == [f"plain,{name}" for name in offered]


def test_the_bundled_grpcurl_reaches_the_platform_with_its_token(fake: FakePlatform) -> None:
    command = [sys.executable, "-m", "portico_cli.main", "grpcurl", "-d", '{"parent": "accounts/default"}']
    proto = Path(__file__).parents[3] / "gen" / "portico" / "descriptors.binpb"
    command += ["-protoset", str(proto), "portico.objects.v1.BucketService/ListBuckets"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=os.environ)
    assert (done.returncode, done.stdout.strip()) == (0, "{\n  \n}"), done.stderr
    assert fake.headers["ListBuckets"][0]["authorization"] == f"Bearer {(fake.profile / 'token').read_text()}"


def test_grpcurls_arguments_are_told_apart() -> None:
    assert split(["list"]) == ([], ["list"])
    assert split(["-d", "{}", "a.B/C"]) == (["-d", "{}"], ["a.B/C"])
    assert split(["-v", "-d={}", "--format", "text", "list", "x"]) == (
        ["-v", "-d={}", "--format", "text"],
        ["list", "x"],
    )
    assert split(["-help"]) == (["-help"], [])


def test_output_to_a_reader_that_left_is_no_error(fake: FakePlatform) -> None:
    command = f"{sys.executable} -m portico_cli.main config --help | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage")
    assert done.stderr == ""


def test_a_reader_that_left_is_told_by_the_exit_code_alone(fake: FakePlatform) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    arguments = [sys.executable, "-m", "portico_cli.main", "config", "--help"]
    done = subprocess.run(arguments, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
