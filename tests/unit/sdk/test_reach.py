"""All that contracts have can be reached: by the SDK and by the command line, and objects by the Node client, too."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import click
from google.protobuf import descriptor_pb2

from portico import _clients
from portico._clients.access import method_names
from portico._methods import Method
from portico_cli.kinds import KINDS
from portico_cli.root import portico as root

CHECKOUT = Path(__file__).resolve().parents[3]
CONTRACTS = CHECKOUT / "gen" / "portico" / "descriptors.binpb"
NODE = CHECKOUT / "clients" / "node" / "src"
HIDDEN_IN_MOVING = "objects cp"
"""Parts of an upload, or of an object: the command sees to them by itself."""

COMMANDS = {
    "CredentialService": {"CreateToken": "login", "CreateCertificate": "cert create"},
    "RevocationService": {
        "RevokeToken": "token revoke",
        "RevokePrincipalTokens": "token revoke",
        "RevokeCertificate": "cert revoke",
        "ListRevocations": "token revocations",
    },
    "TelemetryService": {"GetTrace": "trace", "ListRequestEvents": "requests"},
    "UsageService": {"GetUsageReport": "objects usage"},
    "ObjectService": {
        "PutObject": "objects cp",
        "GetObject": "objects cat",
        "HeadObject": "objects stat",
        "ListObjects": "objects ls",
        "ListObjectVersions": "objects versions",
        "DeleteObject": "objects mv",
        "DeleteObjects": "objects rm",
        "UpdateObject": "objects tag",
        "ListObjectParts": HIDDEN_IN_MOVING,
        "CopyObject": "objects cp",
    },
    "BucketService": {
        "CreateBucket": "objects mb",
        "GetBucket": "objects describe",
        "ListBuckets": "objects ls",
        "UpdateBucket": "objects update",
        "DeleteBucket": "objects rb",
        "ScrubBucket": "objects scrub",
        "RelocateBucket": "objects relocate",
    },
    "NotificationService": {
        "ListNotifications": "objects notifications read",
        "AcknowledgeNotifications": "objects notifications ack",
        "ListWebhooks": "objects webhooks ls",
        "GetWebhook": "objects webhooks skip",
        "TestWebhook": "objects webhooks test",
        "RetryWebhook": "objects webhooks retry",
        "RotateWebhookSecret": "objects webhooks rotate-secret",
    },
    "UploadService": {
        "CreateMultipartUpload": HIDDEN_IN_MOVING,
        "UploadPart": HIDDEN_IN_MOVING,
        "CopyPart": HIDDEN_IN_MOVING,  # a copy of any size is one call
        "ListParts": HIDDEN_IN_MOVING,
        "CompleteMultipartUpload": HIDDEN_IN_MOVING,
        "ListMultipartUploads": "objects uploads ls",
        "AbortMultipartUpload": "objects uploads abort",
    },
    "MemberService": {
        "InviteMember": "access invite",
        "AcceptInvitation": "access accept",
        "RenewInvitation": "access renew",
    },
    "PermissionService": {"ListPermissions": "access permissions"},
    "ServiceAccountService": {
        "CreateClientSecret": "access secret",
        "ListClientSecrets": "access secrets",
        "DeleteClientSecret": "access delete-secret",
    },
    "DomainGroupService": {"AddDomainGroupZones": "access add-zone", "RemoveDomainGroupZones": "access remove-zone"},
    "ApiTokenService": {"RollApiToken": "access roll"},
    "DecisionService": {
        "CheckAccess": "access check",
        "BatchCheckAccess": "access check",
        "Explain": "access explain",
        "ListMyPermissions": "access mine",
        "SimulatePolicy": "access simulate",
    },
    "PolicySetService": {"ExportPolicySet": "access export", "ImportPolicySet": "access import"},
    "RecordService": {
        "CreateRecord": "dns create",
        "GetRecord": "dns get",
        "ListRecords": "dns list",
        "UpdateRecord": "dns update",
        "DeleteRecord": "dns delete",
        "BatchUpdateRecords": "dns update",
        "ImportZoneFile": "dns import",
        "ExportZoneFile": "dns export",
    },
    "ZoneService": {
        "CreateZone": "zones create",
        "GetZone": "zones get",
        "ListZones": "zones list",
        "UpdateZone": "zones update",
        "DeleteZone": "zones delete",
        "VerifyZone": "zones verify",
    },
}
"""Of each method the command that calls it, but for what `portico access` does with all kinds of things alike."""

ALIKE = {"Create": "access create", "Get": "access show", "Update": "access update", "Delete": "access delete"}


def contracts() -> Iterator[tuple[str, str]]:
    """The methods of all contracts: service, with its package, and name."""
    for file in descriptor_pb2.FileDescriptorSet.FromString(CONTRACTS.read_bytes()).file:
        if file.package.startswith("portico."):
            for service in file.service:
                yield from ((f"{file.package}.{service.name}", method.name) for method in service.method)


def commands(group: click.Command = root, path: str = "") -> Iterator[str]:
    if not isinstance(group, click.Group):
        yield path
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        if (command := group.get_command(context, name)) is not None:
            yield from commands(command, f"{path} {name}".strip())


def command_of(service: str, method: str) -> str | None:
    if (known := COMMANDS.get(service, {}).get(method)) is not None:
        return known
    for kind in KINDS.values():
        if method == f"List{kind.many}":
            return "access list"
        for verb, command in ALIKE.items():
            if method == f"{verb}{kind.one}":
                return command
    return None


def test_the_sdk_calls_each_method() -> None:
    called = {f"portico.access.v1/{name}" for name in method_names()}
    for found in pkgutil.iter_modules(_clients.__path__):
        for value in vars(importlib.import_module(f"{_clients.__name__}.{found.name}")).values():
            if isinstance(value, Method):
                service, _, name = value.path[1:].partition("/")
                called.add(f"{service}/{name}")
    missing = [
        f"{service}/{name}"
        for service, name in contracts()
        if f"{service}/{name}" not in called and f"{service.rpartition('.')[0]}/{name}" not in called
    ]
    assert missing == []


def test_there_is_a_command_for_each_method() -> None:
    there_are = set(commands())
    missing = [
        f"{service}/{name}"
        for service, name in contracts()
        if command_of(service.rpartition(".")[2], name) not in there_are
    ]
    assert missing == []


def test_the_commands_that_are_said_to_call_something_have_it_to_call() -> None:
    methods = {(service.rpartition(".")[2], name) for service, name in contracts()}
    assert {(service, name) for service, of in COMMANDS.items() for name in of} - methods == set()


def test_the_node_client_reaches_all_of_objects() -> None:
    sources = {path.name: path.read_text() for path in NODE.glob("*.ts")}
    called = {
        name for text in sources.values() for name in re.findall(r"(?:METHODS|Service\.method)\.([a-zA-Z]+)", text)
    }
    exported = set(re.findall(r"\b([A-Z][A-Za-z]*Service)\b", sources["index.ts"]))
    missing = [
        f"{service}/{name}"
        for service, name in contracts()
        if service.startswith("portico.objects.")
        and name[0].lower() + name[1:] not in called
        and service.rpartition(".")[2] not in exported  # `client.service(…)` has all of it
    ]
    assert missing == []
