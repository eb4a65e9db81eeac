"""The plain host: a `grpc.aio` server on a Unix socket behind the same Envoy, for where Python cannot run inside it.

What it serves, and each call's way, are those of the embedded host (`host/adapter`); what differs, docs/hosts.md says.
"""

from portico_server.host.plain.server import serve

__all__ = ["serve"]
