"""`portico access`: accounts, members, policies and what they are made of; who may do what, and why. A module for each
kind of command; loading this one loads all of them."""

from __future__ import annotations

from portico_cli.commands.access import credentials, decisions, documents, members, policies, things
from portico_cli.commands.access.group import access

__all__ = ["access", "credentials", "decisions", "documents", "members", "policies", "things"]
