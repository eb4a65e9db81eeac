"""Changes the certificate authority of a platform, step by step, and tells the platform where it runs."""

from __future__ import annotations

from collections.abc import Callable

from portico_server.host import local_http
from portico_server.host.supervisor.data_lock import holder
from portico_server.host.supervisor.state import RELOAD, SUPERVISOR_SOCKET
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.authorities import Authorities, AuthorityError
from portico_server.platform.keyring.authority import Authority
from portico_server.platform.settings import Settings

__all__ = [
    "Authority",
    "AuthorityError",
    "add_authority",
    "authorities",
    "reload",
    "remove_authority",
    "use_authority",
]

_PATIENCE_SECONDS = 30.0


def authorities(settings: Settings) -> list[Authority]:
    """Those that the platform of this data directory trusts, the one that issues first. Raises OSError, ValueError."""
    return _opened(settings).trusted


def add_authority(settings: Settings) -> tuple[Authority, bool]:
    """Makes another one, and whether a platform runs that trusts it now. Raises OSError, ValueError, AuthorityError."""
    return _changed(settings, Authorities.add)


def use_authority(settings: Settings, wanted: str) -> tuple[Authority, bool]:
    """Has another one issue. What it issues is shown at once, so it must be trusted before. Raises OSError, ValueError,
    AuthorityError."""
    reload(settings)
    return _changed(settings, lambda found: found.use(wanted))


def remove_authority(settings: Settings, wanted: str) -> tuple[Authority, bool]:
    """Trusts one no more. Raises OSError, ValueError, AuthorityError."""
    return _changed(settings, lambda found: found.remove(wanted))


def reload(settings: Settings) -> bool:
    """Has the platform put in force what the folder of keys holds; False where none runs. Raises AuthorityError."""
    if holder(settings.data) is None:
        return False
    try:
        problem = local_http.request(settings.run, SUPERVISOR_SOCKET, "POST", RELOAD, timeout_seconds=_PATIENCE_SECONDS)
    except local_http.LocalError as error:
        problem = str(error)
    if problem:
        raise AuthorityError(f"the platform that runs has not taken the keys in: {problem}")
    return True


def _changed(settings: Settings, change: Callable[[Authorities], Authority]) -> tuple[Authority, bool]:
    changed = change(_opened(settings))
    return changed, reload(settings)


def _opened(settings: Settings) -> Authorities:
    if not (settings.data / "keys").is_dir():
        raise AuthorityError(f"there is no platform in {settings.data}: `portico up` makes one")
    return Keyring.open(settings.data, settings.trust_domain, settings.hostnames).authorities
