"""What the adapter knows of a method that is served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portico_server.platform.call import Handler
from portico_server.platform.methods import Method


@dataclass(frozen=True, slots=True)
class Binding:
    """A method and what serves it; `invoke` is the innermost handler of the pipeline."""

    method: Method
    deserialize: Callable[[bytes], Any] | None
    serialize: Callable[[Any], bytes] | None
    invoke: Handler
    response_streaming: bool
    request_streaming: bool
