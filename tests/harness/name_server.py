"""A small name server on a port of this machine, for what asks the DNS: it answers what a test has put into it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

_LOOK_SECONDS = 0.1


class NameServer:
    """`records` maps a name (without a dot at its end) and a type to the records' texts; `silent`: no answers."""

    def __init__(self, listening: socket.socket) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.silent = False
        self.stopped = False
        self.asked: list[tuple[str, str]] = []
        self._socket = listening

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def serve(self) -> None:
        self._socket.settimeout(_LOOK_SECONDS)
        while not self.stopped:
            with contextlib.suppress(TimeoutError, dns.exception.DNSException):
                data, sender = self._socket.recvfrom(4096)
                query = dns.message.from_wire(data)
                if not self.silent:
                    self._socket.sendto(self._answer(query).to_wire(), sender)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        [question] = query.question
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if texts := self.records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(question.name, 1, "IN", kind, *texts))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


@contextlib.contextmanager
def name_server() -> Iterator[NameServer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        server = NameServer(listening)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopped = True
            thread.join()
