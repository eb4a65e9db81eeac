"""DNS: zones, which are domains under an account, and their records. See DESIGN.md."""

from __future__ import annotations

from portico.dns.v1 import records_pb2, zones_pb2
from portico_server.dns.errors import ERRORS
from portico_server.dns.running import run
from portico_server.platform.product import Product

PRODUCT = Product(
    name="dns",
    contracts=(zones_pb2.DESCRIPTOR, records_pb2.DESCRIPTOR),
    run=run,
    errors=ERRORS,
)

__all__ = ["PRODUCT"]
