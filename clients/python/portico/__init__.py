"""Portico's SDK, and the parent of the generated contracts `portico.<product>.v1`.

    import portico

    with portico.connect() as client:
        client.buckets.create("photos")
        client.objects.put("photos", "cat.jpg", pathlib.Path("cat.jpg"))
        picture = client.objects.read("photos", "cat.jpg")

`connect_async` answers the same client for asyncio. Address, certificate and token come from the user's profile (see
`portico.profiles`); `portico.errors` lists what calls raise. Importing this package costs nothing: the parts are
loaded when they are used, because servers import it too, for the contracts alone.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING, Any

__path__ = extend_path(__path__, __name__)

if TYPE_CHECKING:
    from portico._client import AsyncClient, Client
    from portico._connect import connect, connect_async
    from portico.errors import PorticoError
    from portico.profiles import Profile

_HOME = {
    "AsyncClient": "portico._client",
    "Client": "portico._client",
    "PorticoError": "portico.errors",
    "Profile": "portico.profiles",
    "connect": "portico._connect",
    "connect_async": "portico._connect",
}

__all__ = ["AsyncClient", "Client", "PorticoError", "Profile", "connect", "connect_async"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
