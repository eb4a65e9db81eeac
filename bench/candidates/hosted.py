"""The bare servicer: the platform's Envoy and adapter as they are, with no pipeline and no products."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from bench.candidates import Endpoint, portico
from bench.credentials import Credentials
from portico_server.platform.settings import Settings

NAME = "Hosted, no pipeline"
APPLICATION = "bench.candidates.hosted_app:app"


def start(platform: Settings, credentials: Credentials, scratch: Path) -> AbstractContextManager[Endpoint]:
    """Runs it on a data directory of its own, which must share the platform's keys."""
    return portico.start(platform, credentials, scratch, name=NAME, application=APPLICATION)
