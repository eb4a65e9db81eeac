"""The access keys that a profile keeps: by which its user signs what goes to S3's door. One an account, in the file
`access-keys.json` (0600) of the profile's folder."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from portico._files import locked, write_secret
from portico._methods import method
from portico._steps import Steps, blocking
from portico.access.v1 import access_keys_pb2
from portico.errors import NotFound, ProfileError
from portico.presigning import AccessKey
from portico.profiles import _read_secret

if TYPE_CHECKING:
    from portico._session import Session

FILE = "access-keys.json"
_SERVICE = "/portico.access.v1.AccessKeyService/"
_GET = method(_SERVICE + "GetAccessKey", access_keys_pb2.GetAccessKeyResponse)
_CREATE = method(_SERVICE + "CreateAccessKey", access_keys_pb2.CreateAccessKeyResponse)


def own_key(session: Session) -> Steps[AccessKey]:
    """The key that the profile keeps for its account; if there is none, or none any more, makes one and keeps it.

    Raises ProfileError without a folder to keep it in, and what the platform answers (ResourceExhausted where the
    caller has ten already).
    """
    folder = session.credentials.profile.folder
    if folder is None:
        raise ProfileError("an access key needs a profile in a folder, to be kept there", reason="PROFILE_MISSING")
    kept: AccessKey | None = yield blocking(read, folder, session.account)
    if kept is not None and (yield from _is_known(session, kept)):
        return kept
    what_for = f"{folder.name} on {socket.gethostname()}"[:200]
    request = access_keys_pb2.CreateAccessKeyRequest(parent=session.account, display_name=what_for)
    made = yield from session.call(_CREATE, request)
    key = AccessKey(made.access_key.name.rpartition("/")[2], made.secret_access_key)
    yield blocking(keep, folder, session.account, key)
    return key


def _is_known(session: Session, key: AccessKey) -> Steps[bool]:
    name = f"{session.account}/accessKeys/{key.id}"
    try:
        yield from session.call(_GET, access_keys_pb2.GetAccessKeyRequest(name=name))
    except NotFound:
        return False
    return True


def read(folder: Path, account: str) -> AccessKey | None:
    """Raises ProfileError for a file that cannot be used."""
    found = _read(folder).get(account)
    return AccessKey(found["id"], found["secret"]) if found else None


def keep(folder: Path, account: str, key: AccessKey) -> None:
    """In the place of the one of before. Raises OSError, ProfileError."""
    with locked(folder, exclusive=True):
        kept = {**_read(folder), account: {"id": key.id, "secret": key.secret}}
        write_secret(folder / FILE, json.dumps(kept, indent=2).encode() + b"\n")


def _read(folder: Path) -> dict[str, dict[str, str]]:
    content = _read_secret(folder / FILE)
    try:
        found: dict[str, dict[str, str]] = json.loads(content) if content is not None else {}
        if not all(isinstance(kept["id"], str) and isinstance(kept["secret"], str) for kept in found.values()):
            raise ValueError("it holds other things")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        remedy = f"remove {folder / FILE}: a new access key is made then"
        raise ProfileError(f"what {folder} keeps of access keys is damaged ({error}); {remedy}") from None
    return found
