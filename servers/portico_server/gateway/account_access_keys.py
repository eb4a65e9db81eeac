"""Access keys of accounts as products ask for them (`platform/access_keys.py`).

They are known by the policies in memory, so that one is good no more, in whatever process, once its end was
acknowledged.
"""

from __future__ import annotations

import base64
import functools

from portico_server.gateway.account_credentials import check_all_are_readable
from portico_server.gateway.account_policies import policies_stale
from portico_server.gateway.remembered import Remembered
from portico_server.gateway.tokens import unauthenticated
from portico_server.platform.access import model
from portico_server.platform.access.credentials import access_key_credential
from portico_server.platform.access.sharing import SharedPolicies
from portico_server.platform.access_keys import AccessKey
from portico_server.platform.authorization import Principal
from portico_server.platform.keyring.sealing import SealBroken, Sealing
from portico_server.platform.names import account_of

REMEMBERED = 4096


class AccountAccessKeys:
    """Those that the policies of accounts know. `sealing` opens what whoever keeps them has sealed."""

    def __init__(self, shared: SharedPolicies, sealing: Sealing) -> None:
        self._shared = shared
        self._sealing = sealing
        self._known: Remembered[str, tuple[model.AccessKey, AccessKey]] = Remembered(REMEMBERED)

    def get(self, access_key_id: str) -> AccessKey | None:
        """See `AccessKeys`. Takes a microsecond or two for a key that was asked for before."""
        snapshot = self._shared.current()
        if snapshot is None:
            raise policies_stale()
        kept = snapshot.access_key(access_key_id)
        if kept is None:
            check_all_are_readable(self._shared)
            return None
        known = self._known.get(access_key_id)
        if known is not None and known[0] == kept:
            return known[1]
        made = self._made(access_key_id, kept)
        self._known.put(access_key_id, (kept, made))
        return made

    def _made(self, access_key_id: str, kept: model.AccessKey) -> AccessKey:
        credential = access_key_credential(access_key_id)
        principal = Principal(
            kept.principal,
            account_of(kept.principal),
            token_id=credential,
            client_id=kept.name,
            issued_at=kept.created_at,
            credential=credential,
        )
        return AccessKey(access_key_id, account_of(kept.name), principal, functools.partial(self._open, kept))

    def _open(self, kept: model.AccessKey) -> bytes:
        try:
            return self._sealing.open(base64.b64decode(kept.sealed), kept.name.encode())
        except (SealBroken, ValueError) as error:
            raise unauthenticated(
                "ACCESS_KEY_UNREADABLE", f"the secret of {kept.name} cannot be read ({error}); make another access key"
            ) from None
