"""The gateway as an OAuth 2.0 authorization server: for programs, which authenticate; nobody logs in here."""

from portico_server.gateway.oauth.server import OAuthServer

__all__ = ["OAuthServer"]
