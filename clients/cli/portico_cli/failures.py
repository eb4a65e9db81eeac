"""Errors as the command line shows them: what was wrong, what to do, the ray id; and the exit codes.

0 done, 1 error, 2 wrong usage (of the command, or of the platform, which says that what it was given is wrong), 3 not
found (on the platform, or a file of this machine), 4 not allowed (or not known who), 5 the state does not allow it
(exists already, not empty, a condition does not hold), 6 the platform cannot be reached (or there is no profile that
says how) or has no time or room, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import errno

import click

from portico.errors import PorticoError
from portico_cli.output import escaped, json_text

ERROR, USAGE, NOT_FOUND, DENIED, CONFLICT, UNREACHABLE = 1, 2, 3, 4, 5, 6

_EXIT_CODES = {
    "INVALID_ARGUMENT": USAGE,
    "OUT_OF_RANGE": USAGE,
    "NOT_FOUND": NOT_FOUND,
    "PERMISSION_DENIED": DENIED,
    "UNAUTHENTICATED": DENIED,
    "ALREADY_EXISTS": CONFLICT,
    "FAILED_PRECONDITION": CONFLICT,
    "ABORTED": CONFLICT,
    "UNAVAILABLE": UNREACHABLE,
    "DEADLINE_EXCEEDED": UNREACHABLE,
    "RESOURCE_EXHAUSTED": UNREACHABLE,
}

_EXIT_CODES_OF_REASONS = {"PROFILE_MISSING": UNREACHABLE, "PROFILE_UNREADABLE": ERROR, "PROFILE_OPEN": ERROR}

_EXIT_CODES_OF_NUMBERS = {
    errno.ENOENT: NOT_FOUND,
    errno.EACCES: DENIED,
    errno.EPERM: DENIED,
    errno.ENOSPC: UNREACHABLE,
    errno.EDQUOT: UNREACHABLE,
}
"""Of files of this machine, as for what is on the platform."""
_CODES = {NOT_FOUND: "NOT_FOUND", DENIED: "PERMISSION_DENIED", UNREACHABLE: "RESOURCE_EXHAUSTED"}
"""What programs are told of those."""

_REMEDIES = {
    "UNAVAILABLE": "does it run? `portico status` tells, `portico up` starts one, `portico profile show` whom we asked",
    "DEADLINE_EXCEEDED": "try again, or give it longer with --timeout SECONDS",
    "TOKEN_EXPIRED": "the token could not be renewed: `portico cert show` tells whether the certificate still holds",
    "TOKEN_MISSING": "the profile has no token: `portico profile show`",
    "CERTIFICATE_REFUSED": "`portico cert show` tells whose it is and until when. On the platform's machine "
    "`portico down` and `portico up` write a new one; elsewhere ask its administrator",
    "PLATFORM_UNKNOWN": "is it another platform's profile, or does another one run there? `portico profile show`",
    "STORAGE_READ_ONLY": "once its disk takes writes again the platform goes on by itself: try again then",
    "STORAGE_FAILED": "once its disk works again the platform goes on by itself: try again then",
    "ZONE_NOT_EMPTY": "`portico zones delete --force` deletes its records, too",
    "STORE_UNREACHABLE": "on the platform's machine `portico stores check` tells why; try again when the store is back",
    "STORE_LOOP": "the operator has to describe another endpoint in stores.toml; `portico stores check` tells of it",
    "STORE_UNKNOWN": "the operator has to describe that store in stores.toml again",
    "OBJECT_LOCK_DISABLED": "`portico objects update BUCKET --object-lock` enables it, for good, with versions",
    "BUCKET_NOT_EMPTY": "`portico objects rb --force` deletes what it holds, too, once it has asked",
}


def report(error: Exception, *, as_json: bool) -> int:
    """Tells of an error on stderr; answers the exit code."""
    if as_json:
        click.echo(json_text({"error": described(error)}), err=True)
    else:
        for line in _lines(error):
            click.echo(escaped(line), err=True)
    return exit_code(error)


def exit_code(error: Exception) -> int:
    """The exit code of a command that an error ended."""
    if isinstance(error, OSError):
        return _EXIT_CODES_OF_NUMBERS.get(error.errno or 0, ERROR)
    if not isinstance(error, PorticoError):
        kind = type(error).__name__
        missing = kind in ("SettingError", "MoveError") and isinstance(error.__cause__, FileNotFoundError)
        return NOT_FOUND if missing or kind in ("StoreNotDescribed", "NotThere") else ERROR
    return _EXIT_CODES_OF_REASONS.get(error.reason) or _EXIT_CODES.get(error.code, ERROR)


def in_short(error: Exception) -> str:
    """What was wrong, in a sentence."""
    if not isinstance(error, PorticoError):
        return _told(error)
    return error.message + (f" ({error.reason})" if error.reason else "")


def remedies(error: Exception) -> list[str]:
    """What to do about it, a line each."""
    return _lines(error)[1:]


def hint_of_pattern(key: str) -> str:
    """What to say to who takes a key for a pattern, as other tools do; empty where it looks like none."""
    if not any(character in key for character in "*?"):
        return ""
    return "* and ? stand for themselves in keys; `cp -r`, `rm -r` and others take --exclude '*' --include '*.txt'"


def show_usage(error: click.ClickException, *, as_json: bool) -> None:
    """Tells of a wrong use of the command, with its usage."""
    if as_json:
        code = "INVALID_ARGUMENT" if isinstance(error, click.UsageError) else ""
        click.echo(json_text({"error": {"code": code, "message": error.format_message()}}), err=True)
    elif isinstance(error, click.UsageError):
        error.show()
    else:
        click.echo(f"portico: {escaped(error.format_message())}", err=True)


def _lines(error: Exception) -> list[str]:
    if not isinstance(error, PorticoError):
        return [f"portico: {in_short(error)}"]
    lines = [f"portico: {in_short(error)}"]
    lines += [
        f"  {item.field}: {item.description}" for item in error.violations if item.description not in error.message
    ]
    if error.reason == "OBJECT_NOT_FOUND" and (hint := hint_of_pattern(error.metadata.get("resource", ""))):
        lines.append(f"  {hint}")
    if remedy := _REMEDIES.get(error.reason) or _REMEDIES.get(error.code):
        lines.append(f"  {remedy}")
    if error.ray_id:
        lines.append(f"  ray {error.ray_id}: `portico trace {error.ray_id}` shows the call")
    return lines


def _told(error: Exception) -> str:
    """A sentence for an error that is not the platform's."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, UnicodeEncodeError):
        return f"{error.object} is not UTF-8, which all text in requests is"
    if type(error).__name__ in (
        "SettingError",
        "StoreNotDescribed",
        "TimeoutError",
        "Refused",
        "Kept",
        "BackupError",
        "NotThere",
        "MoveError",
        "TrustError",
    ):
        return str(error)
    return f"unexpected {type(error).__name__}: {error} (PORTICO_DEBUG=1 shows where; please report it)"


def described(error: Exception) -> dict[str, object]:
    """An error for programs."""
    if not isinstance(error, PorticoError):
        return {"code": _CODES.get(exit_code(error), ""), "message": _told(error)}
    violations = [
        {"field": item.field, "description": item.description, "rule": item.rule} for item in error.violations
    ]
    return {
        "code": error.code,
        "reason": error.reason,
        "message": error.message,
        "metadata": error.metadata,
        "violations": violations,
        "rayId": error.ray_id,
    }
