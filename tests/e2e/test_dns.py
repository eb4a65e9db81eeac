"""Zones and records through a running gateway: by gRPC, REST, SDK and command line, verified by the DNS, and only what
the policy lets a principal do and see."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

import portico
from portico.dns.v1.records_pb2 import Mx, Record
from portico.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from portico_cli import completing
from portico_cli.main import run
from portico_server.platform.private_files import replace_file
from tests.e2e.calls import ACCOUNT
from tests.e2e.test_limits import token_of
from tests.harness import RunningPlatform, running_platform
from tests.harness.name_server import NameServer, name_server
from tests.harness.waiting import wait_until

Cli = Callable[..., str]
CLERK = f"{ACCOUNT}/principals/clerk"


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    with name_server() as running:
        yield running


@pytest.fixture(scope="module")
def registrar(tmp_path_factory: pytest.TempPathFactory, names: NameServer) -> Iterator[RunningPlatform]:
    """A platform that asks the test's name server."""
    folder = tmp_path_factory.mktemp("dns")
    settings = {"dns_listen": f"127.0.0.1:{free_port()}", "dns_name_servers": ("ns1.portico.example",)}
    with running_platform(folder, dns_resolvers=(names.address,), **settings) as running:
        yield running


def free_port() -> int:
    """A port of this machine that neither datagrams nor connections have."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, socket.socket() as connections:
            datagrams.bind(("127.0.0.1", 0))
            port: int = datagrams.getsockname()[1]
            with contextlib.suppress(OSError):
                connections.bind(("127.0.0.1", port))
                return port
    raise AssertionError("no port was free")


@pytest.fixture
def client(registrar: RunningPlatform) -> Iterator[portico.Client]:
    with portico.connect(str(registrar.profile)) as opened:
        yield opened


@pytest.fixture
def zone(client: portico.Client, request: pytest.FixtureRequest) -> Iterator[str]:
    """A zone of the test's own."""
    domain = f"{request.node.name.replace('_', '-')[:50].rstrip('-')}.example"
    client.zones.create(domain)
    yield domain
    with contextlib.suppress(NotFound):
        client.zones.delete(domain, force=True)


@pytest.fixture
def cli(registrar: RunningPlatform, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs command lines in this process, which takes a tenth of the time; answers their output, or their complaint."""
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(registrar.profile))

    def call(*arguments: object, given: bytes = b"", code: int = 0) -> str:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        answered = run([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        assert answered == code, captured.err.decode()
        return (captured.err if code else captured.out).decode()

    return call


def test_records_are_kept_by_the_sdk(client: portico.Client, zone: str) -> None:
    made = client.records.create(zone, Record(domain_name=f"www.{zone}", a="192.0.2.1", ttl_seconds=60))
    assert client.records.get(made.name) == made
    changed = client.records.update(Record(name=made.name, etag=made.etag, a="192.0.2.2"))
    with pytest.raises(Aborted):
        client.records.update(Record(name=made.name, etag=made.etag, a="192.0.2.3"))
    batch = client.records.batch(
        zone, creates=[Record(domain_name="@", mx=Mx(preference=1, exchange=f"mail.{zone}"))], deletes=[changed.name]
    )
    assert list(client.records.list(zone)) == list(batch.created)
    text = client.records.export_file(zone)
    assert client.records.import_file(zone, text, replace=True).unchanged_count == 1
    with pytest.raises(InvalidArgument, match="line 2") as refused:
        client.records.import_file(zone, "www A 192.0.2.1\nwww A 192.0.2.300\n")
    assert refused.value.reason == "INVALID_ZONE_FILE"
    with pytest.raises(FailedPrecondition):
        client.zones.delete(zone)


async def test_the_asynchronous_client_does_the_same(registrar: RunningPlatform, zone: str) -> None:
    async with portico.connect_async(str(registrar.profile)) as client:
        made = await client.records.create(zone, Record(domain_name="@", txt="hello"))
        assert [record async for record in client.records.list(zone)] == [made]
        assert zone in [found.domain async for found in client.zones.list()]
        assert (await client.zones.update(zone, description="why")).description == "why"


def test_zones_and_records_have_rest_paths(registrar: RunningPlatform, zone: str) -> None:
    name = f"{ACCOUNT}/zones/{zone}"
    made = registrar.http("POST", f"/v1/{name}/records", json_body={"domainName": f"www.{zone}", "a": "192.0.2.1"})
    assert made.status == 200, made.body
    record = made.json()["record"]
    assert record["type"] == "RECORD_TYPE_A"
    assert registrar.http("GET", f"/v1/{record['name']}").json()["record"] == record
    changed = registrar.http("PATCH", f"/v1/{record['name']}?updateMask=comment", json_body={"comment": "x"})
    assert changed.json()["record"]["comment"] == "x"
    [listed] = registrar.http("GET", f"/v1/{name}/records?type=RECORD_TYPE_A&domainName=www.{zone}").json()["records"]
    assert listed["name"] == record["name"]
    body = {"zoneFile": "api A 192.0.2.2\n", "dryRun": True}
    imported = registrar.http("POST", f"/v1/{name}:importZoneFile", json_body=body)
    assert imported.json()["createdCount"] == 1
    assert f"www.{zone}." in registrar.http("GET", f"/v1/{name}:exportZoneFile").json()["zoneFile"]
    batch = registrar.http("POST", f"/v1/{name}/records:batchUpdate", json_body={"deletes": [{"name": record["name"]}]})
    assert batch.status == 200, batch.body
    assert registrar.http("GET", f"/v1/{record['name']}").status == 404
    assert registrar.http("GET", f"/v1/{name}").json()["zone"]["state"] == "ZONE_STATE_PENDING"
    changed = registrar.http("PATCH", f"/v1/{name}?updateMask=description", json_body={"description": "x"})
    assert changed.json()["zone"]["description"] == "x"
    [found] = registrar.http("GET", f"/v1/{ACCOUNT}/zones?prefix={zone[:-3]}").json()["zones"]
    assert found["domain"] == zone
    refused = registrar.http("POST", f"/v1/{name}:verify", json_body={"method": "VERIFICATION_METHOD_TXT"})
    assert refused.json()["details"][0]["reason"] == "ZONE_NOT_VERIFIED"
    assert registrar.http("DELETE", f"/v1/{name}?force=true").status == 200
    again = registrar.http("POST", f"/v1/{ACCOUNT}/zones?zoneId={zone}", json_body={"displayName": "Again"})
    assert again.json()["zone"]["displayName"] == "Again"


@pytest.mark.parametrize(
    ("domain", "remedy"),
    [
        ("müller.example", "xn--mller-kva.example"),
        ("example.com.", "leave out the dot"),
        ("Example.com", "in lower case"),
        ("com", "top-level domain"),
    ],
)
def test_what_is_no_domain_is_refused_with_the_field_and_the_remedy(
    client: portico.Client, domain: str, remedy: str
) -> None:
    with pytest.raises(InvalidArgument, match=remedy) as refused:
        client.zones.create(domain)
    assert [violation.field for violation in refused.value.violations] == ["zone_id"]


def test_grpcurl_shows_the_wrong_field_of_a_record(registrar: RunningPlatform, zone: str) -> None:
    request = {"parent": f"{ACCOUNT}/zones/{zone}", "record": {"domainName": "@", "mx": {"exchange": "192.0.2.1"}}}
    done = registrar.grpcurl(f"-d={json.dumps(request)}", "portico.dns.v1.RecordService/CreateRecord")
    assert done.returncode != 0
    assert "record.mx.exchange" in done.stderr
    assert "give a name" in done.stderr


def test_a_zone_is_verified_by_its_token_in_the_dns(client: portico.Client, zone: str, names: NameServer) -> None:
    with pytest.raises(FailedPrecondition, match="has no TXT record"):
        client.zones.verify(zone)
    found = client.zones.get(zone)
    names.records[found.challenge_name, "TXT"] = [f'"{found.challenge_token}"']
    assert client.zones.verify(zone).HasField("verify_time")


def test_an_active_zone_is_answered_by_udp_and_tcp_and_others_are_refused(
    registrar: RunningPlatform, client: portico.Client, zone: str, names: NameServer
) -> None:
    client.records.create(zone, Record(domain_name=f"*.{zone}", a="192.0.2.7"))
    port = registrar.settings.dns_address[1] if registrar.settings.dns_address else 0
    query = dns.message.make_query(f"any.{zone}", "A")

    def asked() -> dns.message.Message | None:
        with contextlib.suppress(dns.exception.Timeout):  # as resolvers do: where a datagram is lost, it is sent again
            return dns.query.udp(query, "127.0.0.1", timeout=2, port=port)
        return None

    wait_until(lambda: (answer := asked()) and answer.rcode() == dns.rcode.REFUSED, "a pending zone is refused")
    found = client.zones.get(zone)
    names.records[found.challenge_name, "TXT"] = [f'"{found.challenge_token}"']
    client.zones.verify(zone)
    for answer in (dns.query.tcp(query, "127.0.0.1", timeout=30, port=port), *filter(None, [asked()])):
        assert [item.to_text() for answered in answer.answer for item in answered] == ["192.0.2.7"]
        assert answer.flags & dns.flags.AA


def test_the_command_line_makes_edits_and_moves_a_zone(cli: Cli, tmp_path: Path) -> None:
    told = cli("zones", "create", "cli.example", "--display-name", "Ours")
    assert "_portico-challenge.cli.example. TXT" in told
    cli("dns", "create", "cli.example", "A", "@", "192.0.2.1", "--ttl", "300")
    cli("dns", "create", "cli.example", "mx", "@", "10", "mail.cli.example")
    cli("dns", "create", "cli.example", "SRV", "_sip._tcp", "1", "2", "5060", "sip.cli.example")
    cli("dns", "create", "cli.example", "CAA", "@", "0", "issue", "ca.example.net")
    made = json.loads(cli("dns", "create", "cli.example", "TXT", "www", "hi there", "--output", "json"))
    assert made["domainName"] == "www.cli.example"
    record_id = made["name"].rpartition("/")[2]
    cli("dns", "update", "cli.example", record_id, "hello there", "--comment", "greets")
    shown = cli("dns", "get", "cli.example", record_id)
    assert "hello there" in shown
    assert "greets" in shown
    listed = cli("dns", "list", "cli.example").splitlines()
    assert len(listed) == 6
    file = tmp_path / "cli.zone"
    cli("dns", "export", "cli.example", file)
    cli("dns", "delete", "cli.example", record_id)
    dry = cli("dns", "import", "cli.example", file, "--dry-run")
    assert "create www.cli.example auto TXT hello there" in dry
    assert "1 would be created" in dry
    cli("dns", "import", "cli.example", "-", "--replace", given=file.read_bytes())
    assert len(json.loads(cli("dns", "list", "cli.example", "--output", "json"))) == 5
    cli("zones", "update", "cli.example", "--pause")
    assert "pending" in cli("zones", "list")
    assert "--force" in cli("zones", "delete", "cli.example", code=5)
    cli("zones", "delete", "cli.example", "--force")
    cli("zones", "get", "cli.example", code=3)


def test_a_prompt_completes_zones(registrar: RunningPlatform, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(registrar.profile))
    monkeypatch.setattr(completing, "SECONDS", 30.0)
    assert [item.value for item in completing.zones(zone[:20], None)] == [zone]


@contextlib.contextmanager
def clerk(platform: RunningPlatform, *bindings: tuple[list[str], str]) -> Iterator[portico.Client]:
    """Another principal's client, with permissions on resources."""
    policy, before = platform.policy_file, platform.policy
    text = "".join(
        f"\n[[bindings]]\nprincipals = [{json.dumps(CLERK)}]\npermissions = {json.dumps(permissions)}\n"
        f"resources = [{json.dumps(resource)}]\n"
        for permissions, resource in bindings
    )
    replace_file(policy, before + text.encode())
    try:
        with portico.connect(str(platform.profile), token=token_of(platform, "clerk")) as opened:
            yield opened
    finally:
        replace_file(policy, before)


def sees(client: portico.Client) -> list[str]:
    return [zone.domain for zone in client.zones.list()]


def test_a_binding_on_one_zone_shows_and_edits_that_zone_alone(
    registrar: RunningPlatform, client: portico.Client
) -> None:
    for domain in ("one.example", "two.example"):
        client.zones.create(domain)
    role = ["dns.record.*", "dns.zone.read", "dns.zone.list"]
    with clerk(registrar, (role, f"{ACCOUNT}/zones/one.example")) as limited:
        wait_until(lambda: sees(limited) == ["one.example"], "the policy is in force")
        made = limited.records.create("one.example", Record(domain_name="@", a="192.0.2.1"))
        assert list(limited.records.list("one.example")) == [made]
        for refused in (
            lambda: limited.zones.get("two.example"),
            lambda: limited.records.create("two.example", Record(domain_name="@", a="192.0.2.1")),
            lambda: limited.zones.create("three.example"),
            lambda: limited.zones.delete("one.example", force=True),
            lambda: limited.zones.update("one.example", paused=True),
        ):
            with pytest.raises(PermissionDenied):
                refused()
        assert list(limited.records.list("two.example")) == []


def test_an_import_is_refused_for_what_the_caller_may_not_do(
    registrar: RunningPlatform, client: portico.Client, zone: str
) -> None:
    client.records.create(zone, Record(domain_name="@", a="192.0.2.1"))
    name = f"{ACCOUNT}/zones/{zone}"
    with clerk(registrar, (["dns.record.create", "dns.record.list"], name)) as limited:
        wait_until(lambda: len(list(limited.records.list(zone))) == 1, "the policy is in force")
        limited.records.import_file(zone, "www A 192.0.2.1\n")
        with pytest.raises(PermissionDenied, match=r"dns\.record\.delete"):
            limited.records.import_file(zone, "api A 192.0.2.1\n", replace=True)
        with pytest.raises(PermissionDenied):
            limited.records.export_file(zone)
        assert len(list(limited.records.list(zone))) == 2
