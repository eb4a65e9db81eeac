"""Doors of faces: where another protocol than gRPC is spoken (S3), which a product's face answers (`platform.faces`).

All doors share the listener and its filters. What belongs to gRPC and REST is switched off for requests at such a door,
by their route: it is found by the port that the connection came in at, before the filters are made, and costs the other
doors next to nothing. The request goes on as it came, with the door's name in a header.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portico_server.host.envoy import body_limit, headers, jwt, plain, rbac, transcoder, web
from portico_server.host.envoy.descriptors import Contracts
from portico_server.host.envoy.message import Message, extension, typed
from portico_server.platform.keyring.assertions import NODE_ASSERTION
from portico_server.platform.placement import Here, Nodes, Placement, Process
from portico_server.platform.settings import Settings

_PORT = "portico.port"
_MARK = "face"
_APPLICATION = "application"
_OFF = typed("config.route.v3.FilterConfig", disabled=True)


@dataclass(frozen=True, slots=True)
class FaceDoor:
    """A face's door: its name, the product that answers, where that is, and the port."""

    name: str
    product: str
    place: Here | Process | Nodes
    port: int


def face_doors(settings: Settings, contracts: Contracts) -> list[FaceDoor]:
    """Those of this platform: the settings give them an address, and the product is served here or taken on to where it
    is; the first one that is. Ports are those of the settings."""
    placement = Placement(settings)
    addresses = {"s3": settings.s3_address}
    served = {*settings.only, *placement.elsewhere()} if settings.only else None
    found: dict[str, FaceDoor] = {}
    for name, product in contracts.faces:
        address = addresses.get(name)
        if address is not None and (served is None or product in served):
            found.setdefault(name, FaceDoor(name, product, placement.of_product(product), address[1]))
    return list(found.values())


def note_port() -> Message:
    """A network filter, by which routes know the port that a connection came in at."""
    noted = {
        "object_key": _PORT,
        "factory_key": "envoy.string",
        "format_string": {"text_format_source": {"inline_string": "%DOWNSTREAM_LOCAL_PORT%"}},
    }
    return extension(
        "envoy.filters.network.set_filter_state",
        "extensions.filters.network.set_filter_state.v3.Config",
        on_new_connection=[noted],
    )


def mark_filter() -> Message:
    """An HTTP filter, to stand before all others: it says at which door a request came in. Routes switch it on."""
    return {**_mutation(), "disabled": True}


def routes(
    doors: Sequence[FaceDoor], mesh_address: tuple[str, int] | None, *, plain_host: bool = False
) -> list[Message]:
    """Routes for before all others. `mesh_address`: of the door at which other nodes' requests come in."""
    found = [_route(door, _at(door.port), plain_host) for door in doors]
    if mesh_address is not None:
        for door in doors:
            if not isinstance(door.place, Nodes):  # what came from a node is not taken on to another
                from_node = {"headers": [_is(headers.FORWARDED_DOOR, door.name)], **_at(mesh_address[1])}
                found.append(_route(door, from_node, plain_host))
    return found


def inner_routes(doors: Sequence[FaceDoor], *, plain_host: bool = False) -> list[Message]:
    """Those of a process behind the front, which has marked the requests."""
    return [
        {
            "match": {"prefix": "/", "headers": [_is(headers.DOOR, door.name)]},
            "route": _here(plain_host),
            "typed_per_filter_config": {jwt.RULES: _OFF},
        }
        for door in doors
    ]


def _route(door: FaceDoor, match: Message, plain_host: bool) -> Message:
    switched = dict.fromkeys(_NOT_SPOKEN, _OFF)
    switched[rbac.PLAIN_PATH_FILTER] = rbac.utf8_path_alone()
    switched[_MARK] = _marked(door.name)
    route: Message = {"match": {"prefix": "/", **match}, "route": _here(plain_host)}
    if not isinstance(door.place, Here):
        switched[_APPLICATION] = _OFF
        route["route"] = _to(door.product)
        is_node = isinstance(door.place, Nodes)
        route["request_headers_to_add"] = headers.to_node(door.name) if is_node else headers.to_process()
        route["request_headers_to_remove"] = [NODE_ASSERTION]  # as those of all that goes to a node
    return {**route, "typed_per_filter_config": switched}


def _here(plain_host: bool) -> Message:
    """Where this process answers: the application's filter takes the request before, but for the plain host."""
    return _to(plain.OTHERS) if plain_host else {"cluster": "nobody", "cluster_not_found_response_code": "NOT_FOUND"}


def _to(cluster: str) -> Message:
    return {"cluster": cluster, "timeout": "0s", "idle_timeout": "0s"}


def _at(port: int) -> Message:
    return {"filter_state": [{"key": _PORT, "string_match": {"exact": str(port)}}]}


def _is(name: str, value: str) -> Message:
    return {"name": name, "string_match": {"exact": value}}


def _mutation() -> Message:
    return extension(_MARK, "extensions.filters.http.header_mutation.v3.HeaderMutation")


def _marked(door: str) -> Message:
    mutations = {"request_mutations": [headers.mark(door)]}
    per_route = typed("extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute", mutations=mutations)
    return typed("config.route.v3.FilterConfig", config=per_route)


_NOT_SPOKEN = (jwt.RULES, web.GRPC_WEB, *body_limit.FILTERS, transcoder.FILTER)
