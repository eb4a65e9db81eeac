"""What the platform says of itself: its contracts as an OpenAPI document and as a page to read."""

from portico_server.gateway.explore.pages import Pages

__all__ = ["Pages"]
