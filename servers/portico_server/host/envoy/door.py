"""An address that the one listener listens on, and what it asks of those who come in there.

All doors share the listener, its filters and the application: two listeners would be two applications with a loop each.
They are told apart by the local port.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portico_server.host.envoy.message import Message, extension, typed


@dataclass(frozen=True, slots=True)
class Door:
    """`address` is an IP address. With `client_certificate` those who have none of this platform are turned away; with
    `nodes` all but nodes, who come in nowhere else. A `web` door is for browsers: pages of the origins that the
    settings allow may call there (`web`). At the door of a `face`, whose name that is, nobody speaks gRPC (`faces`).
    """

    address: str
    port: int
    client_certificate: bool
    web: bool = False
    nodes: bool = False
    face: str = ""

    @property
    def socket_address(self) -> Message:
        return {"socket_address": {"address": self.address, "port_value": self.port}}


def at_doors(name: str, doors: Sequence[Door], holds: Callable[[Door], bool], http_filter: Message) -> Message:
    """An HTTP filter that only requests at those doors come to."""
    port = extension("port", "extensions.matching.common_inputs.network.v3.DestinationPortInput")
    skip = {"name": "skip", "typed_config": typed("extensions.filters.common.matcher.action.v3.SkipFilter")}
    others = {str(door.port): {"action": skip} for door in doors if not holds(door)}
    return extension(
        name,
        "extensions.common.matching.v3.ExtensionWithMatcher",
        xds_matcher={"matcher_tree": {"input": port, "exact_match_map": {"map": others}}},
        extension_config=http_filter,
    )
