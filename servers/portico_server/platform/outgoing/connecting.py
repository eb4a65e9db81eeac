"""Connections to where a user says: the name is resolved here, each address is checked, and the connection goes to an
address that was checked. Nobody resolves the name again in between: so a name that answers otherwise the second time
(DNS rebinding) leads nowhere. The certificate must be the name's."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from portico_server.platform.outgoing.addresses import AddressRules
from portico_server.platform.outgoing.destinations import Destination

CONNECT_SECONDS = 5.0
"""For the name, the connection and TLS."""
_MOST_ADDRESSES = 4
"""That are tried of one name, in turn."""
_RESOLVING_THREADS = 32
"""The system's resolver blocks; threads of their own, so that a dead name server holds up nothing else."""
_BUFFER_BYTES = 32 * 1024

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a name. Raises OSError."""
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
MakeTls = Callable[[], ssl.SSLContext]


class Unreachable(Exception):
    """Nothing was sent; the message says why, and nothing of what stands at addresses that may not be reached."""


def tls_context(authorities_file: str = "") -> ssl.SSLContext:
    """Believes the system's authorities, and those of a file (PEM). Raises OSError, ValueError, which name the file."""
    context = ssl.create_default_context()
    if authorities_file:
        try:
            context.load_verify_locations(cafile=authorities_file)
        except ssl.SSLError as error:
            raise ValueError(f"{authorities_file} has no certificates in PEM: {error.reason or error}") from None
        except OSError as error:
            raise OSError(f"cannot read {authorities_file}: {error.strerror}") from None
    return context


class Connector:
    """Makes connections. `close` once nothing is sent any more. `tls` is asked at the first connection by TLS, in a
    thread: to read the system's authorities takes 70 ms, and most platforms never send to anybody."""

    def __init__(self, rules: AddressRules, tls: MakeTls, resolve: Resolve | None = None) -> None:
        self._rules = rules
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None
        self._threads = ThreadPoolExecutor(_RESOLVING_THREADS, thread_name_prefix="resolving")
        self._resolve = resolve or self._by_the_system

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def connect(self, to: Destination) -> Connection:
        """Within `CONNECT_SECONDS`. Raises Unreachable."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS) as limit:
                return await self._connect(to, limit)
        except TimeoutError:
            raise Unreachable(f"no connection within {CONNECT_SECONDS:g} s") from None

    async def _connect(self, to: Destination, limit: asyncio.Timeout) -> Connection:
        addresses = await self._checked(to)
        loop = asyncio.get_running_loop()
        failure = ""
        for left in range(len(addresses), 0, -1):
            address = addresses[-left]
            share = ((limit.when() or 0) - loop.time()) / left
            try:
                async with asyncio.timeout(share):
                    return await self._to_address(to, address)
            except TimeoutError:
                failure = f"no connection within {CONNECT_SECONDS:g} s"
            except ssl.SSLCertVerificationError as error:
                raise Unreachable(f"its certificate is not believed: {error.verify_message}") from None
            except ssl.SSLError as error:
                failure = f"TLS failed: {error.reason or 'the connection ended'}"
            except OSError as error:
                failure = f"no connection: {error.strerror or 'the connection ended'}"
        raise Unreachable(failure)

    async def _checked(self, to: Destination) -> list[str]:
        """The addresses that may be reached, the first ones."""
        found = [to.host] if to.is_address else await self._addresses(to)
        allowed = [address for address in dict.fromkeys(found) if self._rules.allow(address)]
        if not allowed:
            raise Unreachable(
                "its host stands at no address that may be reached (public ones, and networks that the operator's"
                " setting webhook_networks names)"
            )
        return allowed[:_MOST_ADDRESSES]

    async def _addresses(self, to: Destination) -> list[str]:
        try:
            return await self._resolve(to.host, to.port)
        except OSError:
            raise Unreachable("its host has no address: the name was not found") from None

    async def _to_address(self, to: Destination, address: str) -> Connection:
        by_tls = to.scheme == "https"
        if by_tls and self._tls is None:
            self._tls = await asyncio.to_thread(self._make_tls)
        return await asyncio.open_connection(
            address,
            to.port,
            limit=_BUFFER_BYTES,
            ssl=self._tls if by_tls else None,
            server_hostname=to.host if by_tls else None,
        )

    async def _by_the_system(self, host: str, port: int) -> list[str]:
        ask = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [str(entry[4][0]) for entry in found]
