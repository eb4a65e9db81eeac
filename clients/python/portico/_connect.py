"""`connect` and `connect_async`: from a profile and what is given in its place to a client."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

from portico import profiles
from portico._asyncio_transport import AsyncioTransport
from portico._blocking_transport import BlockingTransport
from portico._client import AsyncClient, Client
from portico._credentials import Credentials
from portico._session import Options, Session
from portico._tracing import Tracer
from portico.errors import ProfileError
from portico.profiles import Profile

_FILES = {"authority_file": "authority", "certificate_file": "certificate", "key_file": "key"}
_TEXTS = ("address", "account")
_OPTIONS = tuple(field.name for field in dataclasses.fields(Options))


class Connection(TypedDict, total=False):
    """What may be said of a connection; what is not said comes from the profile.

    `address` (`host:port`), `account`, and the PEM files `authority_file`, `certificate_file`, `key_file` stand in
    the place of the profile's own. `token` is used as it is and never renewed. The next four: see
    `Client.with_options`. `service` names the program in its spans, `scope` its part that records them.
    """

    address: str
    account: str
    token: str
    authority_file: str | Path
    certificate_file: str | Path
    key_file: str | Path
    timeout_seconds: float | None
    transfer_timeout_seconds: float | None
    attempts: int
    trace: bool
    service: str
    scope: str


def connect(profile: str | Profile | None = None, **settings: Unpack[Connection]) -> Client:
    """Answers a client for threads; nothing is sent before the first call.

    Args:
        profile: a profile's name, or a Profile; left out: PORTICO_PROFILE's, or `default`. With `address` and without
            `profile` none is read.
        settings: see `Connection`.

    Raises:
        ProfileError: the profile is missing or cannot be used.
    """
    return Client(_session(profile, settings, BlockingTransport))


def connect_async(profile: str | Profile | None = None, **settings: Unpack[Connection]) -> AsyncClient:
    """Answers a client for asyncio; nothing is sent before the first call. Takes and raises what `connect` does."""
    return AsyncClient(_session(profile, settings, AsyncioTransport))


def _session(profile: str | Profile | None, settings: Connection, transport: Callable[[Profile], Any]) -> Session:
    chosen = _profile(profile, settings)
    way = transport(chosen)
    tracer = Tracer(settings.get("service", "python"), settings.get("scope", "sdk"))
    options = Options(**{key: value for key, value in settings.items() if key in _OPTIONS})  # type: ignore[arg-type]
    return Session(way, Credentials(chosen, way.lock()), tracer, options)


def _profile(profile: str | Profile | None, settings: Connection) -> Profile:
    if isinstance(profile, Profile):
        base = profile
    elif profile is None and "address" in settings:
        base = Profile(settings["address"])
    else:
        base = profiles.load(profile)
    given: Mapping[str, Any] = settings
    changes: dict[str, Any] = {key: given[key] for key in _TEXTS if key in given}
    changes |= {field: _pem(given[key]) for key, field in _FILES.items() if key in given}
    if "token" in given:
        changes |= {"token": given["token"], "fixed_token": True}
    if "authority" in changes:
        changes["fixed_authority"] = True
    if "certificate" in changes or "key" in changes:
        changes["folder"] = None  # it is not the profile's certificate that would be renewed
    return dataclasses.replace(base, **changes)


def _pem(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ProfileError(f"cannot read {path}: {error.strerror}", reason="FILE_UNREADABLE") from None
