"""Asks the DNS about domains that are to be verified: in bounded time, and taking no more of an answer than needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from portico_server.dns.verifying import LookupFailed
from portico_server.platform.outgoing.addresses import PUBLIC

_SECONDS = 10.0
"""For one proof, all its questions together."""
_TRY_SECONDS = 2.0
_MOST_RECORDS = 100
_MOST_SERVERS = 3
_DNS_PORT = 53


class Resolving:
    """Looks names up at resolvers: those of the system, or given ones."""

    def __init__(
        self,
        resolvers: Sequence[tuple[str, int]] = (),
        authority_port: int = _DNS_PORT,
        may_be_asked: Callable[[str], bool] = PUBLIC.allow,
    ) -> None:
        """`authority_port` is where name servers are asked, and `may_be_asked` at which addresses: a domain's owner
        chooses them, and shall not have the platform ask its neighbours."""
        self._resolvers = resolvers
        self._authority_port = authority_port
        self._may_be_asked = may_be_asked

    async def txt(self, name: str) -> Sequence[str]:
        async with _in_time():
            found = await self._asked(dns.name.from_text(name), dns.rdatatype.TXT)
        texts = (b"".join(rdata.strings) for rdata in found[:_MOST_RECORDS])
        return [text.decode("ascii", "replace") for text in texts]

    async def delegation(self, domain: str) -> Sequence[str]:
        """Asks the parent's servers, since the domain's own may not serve it yet."""
        name = dns.name.from_text(domain)
        async with _in_time():
            addresses = await self._addresses_above(name)
            failure = "its parent has no name servers that can be asked"
            for address in addresses:
                try:
                    return await self._delegated(name, address)
                except (dns.exception.DNSException, OSError, EOFError) as error:
                    failure = _told(error)
        raise LookupFailed(failure)

    async def _addresses_above(self, name: dns.name.Name) -> list[str]:
        """Where the name servers of the next zone above can be asked."""
        above = name.parent()
        servers: Sequence[Any] = ()
        while not servers and above != dns.name.root:
            servers = await self._asked(above, dns.rdatatype.NS)
            above = above.parent()
        servers = servers or await self._asked(dns.name.root, dns.rdatatype.NS)
        addresses: list[str] = []
        for server in servers[:_MOST_SERVERS]:
            for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
                found = await self._asked(server.target, kind)
                addresses += [rdata.address for rdata in found[:_MOST_SERVERS] if self._may_be_asked(rdata.address)]
        return addresses[: 2 * _MOST_SERVERS]

    async def _delegated(self, name: dns.name.Name, address: str) -> Sequence[str]:
        query = dns.message.make_query(name, dns.rdatatype.NS, flags=0)
        answer, _ = await dns.asyncquery.udp_with_fallback(
            query, address, timeout=_TRY_SECONDS, port=self._authority_port
        )
        sets = [found for found in (*answer.answer, *answer.authority) if found.name == name]
        servers = [rdata for found in sets if found.rdtype == dns.rdatatype.NS for rdata in found]
        return [rdata.target.to_text(omit_final_dot=True) for rdata in servers[:_MOST_RECORDS]]

    async def _asked(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Sequence[Any]:
        """The records; none where there are none. Raises LookupFailed."""
        try:
            answer = await self._resolver().resolve(name, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise LookupFailed(_told(error)) from None
        return list(answer.rrset)[:_MOST_RECORDS] if answer.rrset else ()

    def _resolver(self) -> dns.asyncresolver.Resolver:
        """One a question: it takes no time, and the system's resolvers may change."""
        try:
            resolver = dns.asyncresolver.Resolver(configure=not self._resolvers)
        except dns.exception.DNSException as error:
            raise LookupFailed(_told(error)) from None
        if self._resolvers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in self._resolvers]
        resolver.timeout = _TRY_SECONDS
        resolver.lifetime = _SECONDS / 2
        resolver.cache = None
        return resolver


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Bounds what is done inside; raises LookupFailed where it takes longer."""
    try:
        async with asyncio.timeout(_SECONDS):
            yield
    except TimeoutError:
        raise LookupFailed(f"no answer within {_SECONDS:.0f} s") from None


def _told(error: Exception) -> str:
    """Why, without what a stranger's server may have put into it."""
    if isinstance(error, dns.resolver.NoNameservers):
        return "the name servers gave no usable answer"
    if isinstance(error, (dns.exception.Timeout, TimeoutError)):
        return "nobody answered in time"
    if isinstance(error, dns.resolver.NoResolverConfiguration):
        return "the system names no resolvers; set dns_resolvers"
    return f"the answer could not be used ({type(error).__name__})"
