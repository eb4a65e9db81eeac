"""Envoy's configuration, rendered from the settings: one file a concern, put together in `bootstrap`."""

from portico_server.host.envoy.bootstrap import render_bootstrap, render_inner_bootstrap
from portico_server.host.envoy.door import Door
from portico_server.host.envoy.watched import WatchedFiles

__all__ = ["Door", "WatchedFiles", "render_bootstrap", "render_inner_bootstrap"]
