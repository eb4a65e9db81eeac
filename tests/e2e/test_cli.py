"""The command against real platforms: one that runs, and one that it starts and stops itself."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from portico_server.platform.revocations import Kind, Revocation
from tests.harness import RunningPlatform

TIMEOUT_SECONDS = 60

Portico = Callable[..., subprocess.CompletedProcess[bytes]]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-P", "-m", "portico_cli.main", *map(str, arguments)]


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """This process's, with no platform, profile or home in it but what the test gives."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTICO_", "OTEL_"))}
    homes = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": str(folder / "share")}
    return {**kept, **homes, **variables}


@pytest.fixture
def portico(platform: RunningPlatform, tmp_path: Path) -> Portico:
    """Runs the command with the running platform's profile."""

    def run(*arguments: object, given: bytes = b"", code: int = 0) -> subprocess.CompletedProcess[bytes]:
        variables = environment(tmp_path, PORTICO_PROFILE_DIR=str(platform.profile))
        done = subprocess.run(
            command(*arguments), input=given, capture_output=True, timeout=TIMEOUT_SECONDS, env=variables, check=False
        )
        assert done.returncode == code, done.stderr.decode()
        assert b"Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def bucket(portico: Portico) -> str:
    name = f"cli-{secrets.token_hex(4)}"
    portico("objects", "mb", name)
    return name


def test_the_operator_sees_the_revocations_of_all_accounts(portico: Portico, tmp_path: Path) -> None:
    other = Revocation(Kind.TOKEN, "accounts/evil", f"made-up-{secrets.token_hex(4)}", 1, 4_000_000_000)
    keys = tmp_path / "data" / "keys"
    keys.mkdir(parents=True)
    (keys / "revocations.jsonl").write_bytes(other.to_line())
    own = portico("token", "revocations", "--data", tmp_path, code=2)
    assert b"they go with --all" in own.stderr
    shown = portico("token", "revocations", "--all", "--data", tmp_path / "data")
    assert other.subject in shown.stdout.decode()
    assert b"accounts/evil: 1 in force" in shown.stderr
    assert b"name its data directory" in portico("token", "revocations", "--all", "--data", tmp_path, code=1).stderr


def test_objects_go_there_and_back(portico: Portico, bucket: str, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "cat.jpg").write_bytes(content)
    portico("objects", "cp", tmp_path / "cat.jpg", f"portico://{bucket}/2026/")
    portico("objects", "cp", "-", f"portico://{bucket}/piped", given=content)
    assert portico("objects", "cat", f"portico://{bucket}/2026/cat.jpg").stdout == content
    portico("objects", "cp", f"portico://{bucket}/piped", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content
    portico("objects", "cp", f"portico://{bucket}/piped", f"portico://{bucket}/copied")
    listed = json.loads(portico("objects", "ls", "-r", f"portico://{bucket}", "--output", "json").stdout)
    assert [item["name"].partition("/objects/")[2] for item in listed["objects"]] == ["2026/cat.jpg", "copied", "piped"]
    portico("objects", "cp", "-r", f"portico://{bucket}", tmp_path / "all")
    assert {path.name for path in (tmp_path / "all").rglob("*") if path.is_file()} == {"cat.jpg", "copied", "piped"}
    portico("objects", "rm", "-r", f"portico://{bucket}/2026/")
    portico("objects", "stat", f"portico://{bucket}/2026/cat.jpg", code=3)
    portico("objects", "rb", bucket, code=5)
    portico("objects", "rb", bucket, "--force", "--yes")


def test_versions_are_kept(portico: Portico, bucket: str) -> None:
    portico("objects", "versioning", bucket, "on")
    for text in (b"one", b"two"):
        portico("objects", "cp", "-", f"portico://{bucket}/k", given=text)
    portico("objects", "rm", f"portico://{bucket}/k")
    listed = json.loads(portico("objects", "versions", f"portico://{bucket}", "--output", "json").stdout)
    assert [item.get("deleteMarker", False) for item in listed] == [True, False, False]
    first = listed[-1]["versionId"]
    assert portico("objects", "cat", f"portico://{bucket}/k", "--version", first).stdout == b"one"


def test_a_traced_copy_is_shown_from_the_command_to_the_store(portico: Portico, bucket: str) -> None:
    done = portico("objects", "cp", "--trace", "-", f"portico://{bucket}/k", given=b"x")
    trace_id = done.stderr.split()[1].rstrip(b":").decode()
    shown = portico("trace", trace_id).stdout.decode()
    for text in ("portico objects cp", "ObjectService/PutObject", "objects.store.put", "gateway", "cli"):
        assert text in shown


def test_the_ray_of_an_error_finds_the_call(portico: Portico) -> None:
    done = portico("objects", "cat", "portico://there-is-none/k", code=3)
    ray_id = done.stderr.split(b"ray ")[1].split(b":")[0].decode()
    shown = portico("trace", ray_id).stdout.decode()
    assert "BUCKET_NOT_FOUND" in shown


def test_a_wrong_bucket_name_is_explained(portico: Portico) -> None:
    done = portico("objects", "mb", "192.168.0.1", code=2)
    assert b"IPv4" in done.stderr


def test_grpcurl_is_given_address_and_credentials(portico: Portico) -> None:
    assert b"portico.objects.v1.ObjectService" in portico("grpcurl", "list").stdout
    asked = portico("grpcurl", "-d", '{"parent": "accounts/default"}', "portico.objects.v1.BucketService/ListBuckets")
    assert b"buckets" in asked.stdout
    assert portico("grpcurl", "-d", "{}", "portico.objects.v1.BucketService/GetBucket", code=67).stderr


def pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def group_of(pid: int) -> int:
    """Its process group; 0 where it is gone."""
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(pid)
    return 0


def command_of(pid: int) -> bytes:
    return Path("/proc", str(pid), "cmdline").read_bytes()


def test_the_token_stands_on_no_command_line(platform: RunningPlatform, tmp_path: Path) -> None:
    variables = environment(tmp_path, PORTICO_PROFILE_DIR=str(platform.profile))
    watch = command("grpcurl", "-d", "{}", "grpc.health.v1.Health/Watch")
    with subprocess.Popen(watch, stdout=subprocess.PIPE, env=variables, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        ours = [command_of(pid) for pid in pids() if group_of(pid) == process.pid]
        os.killpg(process.pid, 15)
    assert len(ours) == 2
    assert not [line for line in ours if platform.token.encode() in line or b"eyJ" in line]


def test_the_printed_environment_serves_curl_and_open_telemetry(portico: Portico, tmp_path: Path) -> None:
    variables = json.loads(portico("env", "--output", "json").stdout)
    token = portico("token").stdout.decode().strip()
    assert token.count(".") == 2
    export = """
import sys
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
with provider.get_tracer("application").start_as_current_span("of an application") as span:
    print(f"{span.get_span_context().trace_id:032x}")
provider.shutdown()
"""
    done = subprocess.run(
        [sys.executable, "-c", export],
        env=environment(tmp_path, **variables),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    found = json.loads(portico("trace", done.stdout.strip(), "--output", "json").stdout)
    assert [span["name"] for span in found["spans"]] == ["of an application"]


def test_credentials_for_another_machine_are_let_in_and_bound_by_the_policy(portico: Portico, tmp_path: Path) -> None:
    folder = tmp_path / "visitor"
    portico("cert", "create", "--subject", "visitor", "--folder", folder)
    assert portico("health", "--profile", folder).stdout == b"SERVING\n"
    refused = portico("objects", "mb", "theirs", "--profile", folder, code=4)
    assert b"objects.bucket.create" in refused.stderr


def test_a_certificate_that_cannot_be_used_is_told_as_such(
    platform: RunningPlatform, portico: Portico, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    another = trustme.CA()
    stranger = another.issue_cert("stranger.test")

    def ask(code: int, **files: bytes) -> list[bytes]:
        shutil.copytree(platform.profile, profile)
        for name, content in files.items():
            (profile / name.replace("_", ".")).write_bytes(content)
        told = portico("objects", "ls", "--profile", profile, code=code).stderr.splitlines()
        shutil.rmtree(profile)
        return told

    chain, key = stranger.cert_chain_pems[0].bytes(), stranger.private_key_pem.bytes()
    lines = ask(4, client_pem=chain, client_key=key)
    assert lines[0] == b"portico: the platform does not accept the client certificate (CERTIFICATE_REFUSED)"
    assert len(lines) == 2, "gRPC's own lines are not shown"
    lines = ask(1, client_pem=b"garbage")
    assert (b"client.pem" in lines[0], len(lines)) == (True, 1)
    lines = ask(5, ca_pem=another.cert_pem.bytes())
    assert (b"not of the profile's authority" in lines[0], len(lines)) == (True, 2)


def test_a_platform_is_started_asked_and_stopped(tmp_path: Path) -> None:
    def run(*arguments: object, code: int = 0) -> str:
        done = subprocess.run(
            command(*arguments),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            env=environment(tmp_path),
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    here = ("--data", tmp_path / "data")
    assert "no platform runs" in run("status", *here, code=6)
    assert "no platform runs" in run("connections", *here, code=6)
    try:
        said = run(
            "up",
            "--detach",
            *here,
            "--listen",
            "127.0.0.1:0",
            "--web-listen",
            "127.0.0.1:0",
            "--s3-listen",
            "127.0.0.1:0",
        )
        assert "ready at https://127.0.0.1:" in said
        assert f"{tmp_path / 'config' / 'portico' / 'profiles' / 'default'} (the one that is used by default)" in said
        whom = next(line for line in said.splitlines() if line.startswith("You sign in"))
        assert run(*whom.rpartition("portico ")[2].split()).count("accounts/default/principals/admin")
        told = next(line for line in said.splitlines() if line.startswith("Try")).partition("portico ")[2]
        run(*told.split())
        assert "front" in run("status", *here)
        assert "front" in run("connections", *here)
        run("doctor", *here)
        assert run("logs", *here, "-n", "3")
        second = ("--data", tmp_path / "second")
        said = run(
            "up",
            "--detach",
            *second,
            "--listen",
            "127.0.0.1:0",
            "--web-listen",
            "127.0.0.1:0",
            "--set",
            "s3_listen=127.0.0.1:0",
        )
        assert f"{tmp_path / 'second' / 'profile'} (to use it: --profile {tmp_path / 'second' / 'profile'}" in said
        run("down", *second)
        again = run(
            "up",
            "--detach",
            *here,
            "--listen",
            "127.0.0.1:0",
            "--web-listen",
            "127.0.0.1:0",
            "--set",
            "s3_listen=127.0.0.1:0",
            code=1,
        )
        assert str(tmp_path / "data") in again
        assert "stopped" in run("down", *here)
    finally:
        subprocess.run(command("down", *here), capture_output=True, timeout=TIMEOUT_SECONDS, env=environment(tmp_path))
    assert "no platform runs" in run("down", *here, code=1)
    assert "portico up" in run("objects", "ls", code=6)


def test_the_demo_shows_the_main_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(os.urandom(2_500_000))
    done = subprocess.run(
        command("demo", photo),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        env=environment(tmp_path),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the same bytes") == 4
    assert "objects.store.put" in done.stdout
    assert "stopped and removed" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.jpg"]
