"""The terminal filter: the ASGI application, by pyvoy, in Envoy's own process."""

from __future__ import annotations

import json
from pathlib import Path

from portico_server.host.envoy.message import TYPES, Message, extension

_APPLICATION = "portico_server.host.embedded:app"


def application_filter(module: Path) -> Message:
    """`module` is pyvoy's shared object."""
    configuration = {"app": _APPLICATION, "interface": "asgi", "root_path": "", "lifespan": True, "loop": "uvloop"}
    return extension(
        "pyvoy",
        "extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
        dynamic_module_config={"module": {"local": {"filename": str(module)}}},
        filter_name="pyvoy",
        terminal_filter=True,
        filter_config={"@type": f"{TYPES}google.protobuf.StringValue", "value": json.dumps(configuration)},
    )
