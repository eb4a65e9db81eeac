"""What an administrator does to a whole platform on this machine: back it up, verify a backup, restore one, move its
state to the other engine, list all that is revoked.

Beside `app` the other composition root: it brings the products' names together with what the platform can do, and sees
that no platform runs where none may. The command line calls it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from portico_server import registry
from portico_server.host.supervisor.announcement import StartError
from portico_server.host.supervisor.data_lock import DataLock
from portico_server.platform.backup import making, restoring, verifying
from portico_server.platform.backup.failures import BackupError
from portico_server.platform.backup.making import Made
from portico_server.platform.backup.restoring import Restored
from portico_server.platform.backup.subject import Progress, silent
from portico_server.platform.backup.verifying import Verified
from portico_server.platform.blobs.stores import FILE as STORES
from portico_server.platform.blobs.stores import Stores, claim, not_described, read_stores
from portico_server.platform.moving import asking, state
from portico_server.platform.moving.configuration import settle
from portico_server.platform.moving.failures import MoveError
from portico_server.platform.moving.state import Moved
from portico_server.platform.revocations import FILE as REVOCATIONS
from portico_server.platform.revocations import Revocation, in_force
from portico_server.platform.settings import SettingError, Settings

if TYPE_CHECKING:
    from portico_server.platform.blobs.s3.looking import Looked


class StoreNotDescribed(SettingError):
    """stores.toml describes no store of the name that was given."""


_NICENESS = 10
"""So much does a backup stand back behind the platform that runs beside it."""


def backup(
    settings: Settings,
    destination: Path,
    *,
    passphrase: bytes | None = None,
    earlier: Path | None = None,
    config: Path | None = None,
    progress: Progress = silent,
) -> Made:
    """Backs up the platform of a data directory, running or not; see `platform.backup.making`."""
    os.nice(_NICENESS)
    products = registry.product_states(settings)
    return making.make(
        settings,
        products,
        destination,
        passphrase=passphrase,
        earlier=earlier,
        config=config,
        progress=progress,
    )


def verify(
    folder: Path, *, passphrase: bytes | None = None, scratch: Path | None = None, progress: Progress = silent
) -> Verified:
    """See `platform.backup.verifying`."""
    return verifying.verify(folder, passphrase=passphrase, scratch=scratch, progress=progress)


def restore(
    settings: Settings,
    folder: Path,
    *,
    database: str | None = None,
    passphrase: bytes | None = None,
    progress: Progress = silent,
) -> Restored:
    """Restores a backup into `settings.data`, on which no platform may run; see `platform.backup.restoring`."""
    with _data_of_our_own(settings.data):
        products = registry.product_states(settings)
        return restoring.restore(
            folder, settings.data, products, database=database, passphrase=passphrase, progress=progress
        )


def move_state(settings: Settings, to: str, *, config: Path | None = None, progress: Progress = silent) -> Moved:
    """Moves all databases of the platform on `settings.data`, which may not run, to `to`: `sqlite` or PostgreSQL. Its
    portico.toml (`config`, where it is not the data directory's) names them afterwards. Raises MoveError, BackupError.
    """
    config = config or settings.data / "portico.toml"
    data, products = settings.data, registry.product_states(settings)
    if not (data / "keys").is_dir():
        told = f"there is no platform in {data}: name its data directory with --data"
        raise MoveError(told) from FileNotFoundError(data)
    with _data_of_our_own(data):
        if to == "sqlite":
            if settings.database == "sqlite":
                raise MoveError(f"the state of {data} is in files already, as the setting database says")
            moved = state.to_sqlite(data, settings.database, products, progress)
            settle(config, to)
            return moved
        if settings.database not in ("sqlite", to):
            raise MoveError("the state is in another PostgreSQL database: move it with that one's own tools")
        moved = state.to_postgresql(data, to, products, progress)
        settle(config, to)
        state.set_aside(data)
        return moved


def look_at_stores(settings: Settings) -> list[Looked]:
    """Asks each store outside that stores.toml describes, from this process, about each product that has bytes; and the
    databases, in which others there are some. Raises SettingError, MoveError."""
    from portico_server.platform.blobs.s3.looking import Looked, look

    described = stores_of_platform(settings).others
    used = {
        state.name: {str(store) for (store,) in asking.answer(settings, state.name, state.stores_in_use)}
        for state in registry.product_states(settings)
        if state.stores_in_use
    }

    async def all_of_them() -> list[Looked]:
        blobs = settings.data / "blobs"
        asked = (
            look(one, product, blobs / product, has_bytes=one.store.name in stores)
            for one in described
            for product, stores in used.items()
        )
        return await asyncio.gather(*asked)

    names = {one.store.name for one in described}
    missing = [
        Looked(store, product, not_described(store)) for product in used for store in sorted(used[product] - names)
    ]
    return [*asyncio.run(all_of_them()), *missing]


def stores(settings: Settings) -> Stores:
    """What stores.toml describes. Raises SettingError."""
    return read_stores(settings.data)


def stores_of_platform(settings: Settings) -> Stores:
    """The same of a data directory that is one, of a platform that has not started yet too. Raises SettingError."""
    if not (settings.data / "keys").is_dir() and not (settings.data / STORES).exists():
        told = f"there is no platform in {settings.data}: name its data directory with --data"
        raise SettingError(told) from FileNotFoundError(settings.data)
    return read_stores(settings.data)


def check_described(settings: Settings, name: str) -> None:
    """That stores.toml describes a store of that name. Raises SettingError, StoreNotDescribed for another."""
    described = [one.store.name for one in stores_of_platform(settings).others]
    if name not in described:
        those = f": it describes {', '.join(described)}" if described else ", nor any other outside"
        raise StoreNotDescribed(f"{settings.data / STORES} describes no store {name}{those}")


def claim_store(settings: Settings, name: str) -> None:
    """Has this platform, running or not, take over a store, whoever had it. Raises SettingError, OSError."""
    check_described(settings, name)
    if not claim(settings.data, name):
        raise SettingError(f"there are no bytes in {settings.data / 'blobs'} yet: start the platform first")


def revocations(data: Path) -> list[Revocation]:
    """Those of all accounts that are in force on a data directory, by account. Raises OSError, ValueError."""
    folder = data / "keys"
    if not folder.is_dir():
        raise ValueError(f"there is no platform in {data}: name its data directory with --data")
    return in_force(folder / REVOCATIONS, time.time())


@contextlib.contextmanager
def _data_of_our_own(data: Path) -> Iterator[None]:
    """The data directory's lock; the directory is made if it is not there, and goes if nothing came of it."""
    new = not data.exists()
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = DataLock.take(data)
    except StartError as error:
        raise BackupError(str(error)) from error
    except OSError as error:
        raise BackupError(f"{data} cannot be used as data directory: {error.strerror}") from error
    try:
        yield
    except BaseException:
        if new:
            with contextlib.suppress(OSError):
                (data / "lock").unlink()
                data.rmdir()
        raise
    finally:
        lock.release()
