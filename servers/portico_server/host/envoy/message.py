"""The shape of Envoy's configuration: protobuf messages as JSON."""

from __future__ import annotations

from typing import Any

Message = dict[str, Any]

TYPES = "type.googleapis.com/"


def typed(message: str, **fields: Any) -> Message:
    """A message in a `google.protobuf.Any`; `message` is its name behind `envoy.`."""
    return {"@type": f"{TYPES}envoy.{message}", **fields}


def extension(name: str, message: str, **fields: Any) -> Message:
    """A named extension with its configuration, as filters, transport sockets and resource monitors are given."""
    return {"name": name, "typed_config": typed(message, **fields)}


def seconds(value: float) -> str:
    """A `google.protobuf.Duration`."""
    return f"{value:.3f}s"
