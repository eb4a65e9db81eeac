"""What every call passes, and the gateway's own services. Names no product.

The composition root opens it (`open_gateway`) and hands its pipeline, methods and errors to the host; pipeline.py
says which steps there are and in which order.
"""

from portico_server.gateway.gateway import CONTRACTS, Gateway, open_gateway

__all__ = ["CONTRACTS", "Gateway", "open_gateway"]
