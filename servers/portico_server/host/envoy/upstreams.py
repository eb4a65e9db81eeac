"""Where Envoy takes calls on to, with no Python in between: another process of the platform, or other nodes.

An upstream is a cluster and the beginning of the paths that it serves. In front of the application a matcher lets its
calls pass by (`python`), and the router at the end of the filters takes them on (`routes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portico_server.host.envoy import floods, tls, windows
from portico_server.host.envoy.message import Message, extension, seconds, typed
from portico_server.host.envoy.watched import WatchedFiles
from portico_server.host.run_folder import sibling_door
from portico_server.platform.placement import Here, Nodes, Place, Placement, Process

MAX_CALLS = 20_000
"""Calls in flight to one upstream, further ones are refused at once: beyond what it could ever answer in time."""
MAX_WAITING_CALLS = 1_024
"""Calls that wait for a connection to be made."""
MAX_CONNECTIONS = MAX_CALLS
"""Each may be kept by one call that lasts, when its others are over and new ones go elsewhere (`floods`)."""
MAX_RETRIES = 64
"""Repeated calls in flight at once, so that repeating does not make a failing upstream's load worse."""
CONNECT_SECONDS = 5.0
HEALTH_SECONDS = 2.0
"""How often each of several nodes is asked for its health."""
EJECTED_SECONDS = 5.0
"""How long a node that keeps failing is left out, for the first time; each further time that much longer."""
MAX_FAILED_CONNECTIONS = 3
"""So many in a row, and a node is left out."""
FAILED_PERCENT = 99
"""As many of its calls fail by the server's fault, and a node is left out. A node that is overloaded refuses less
(`host/shedding.py`), and must not leave all to the others."""
FAILED_OF_CALLS = 10
"""Of fewer calls in HEALTH_SECONDS nothing is concluded: callers choose their deadlines."""
KEEPALIVE_SECONDS = 30.0
KEEPALIVE_TIMEOUT_SECONDS = 10.0
CONNECTION_BUFFER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upstream:
    """`name`: the cluster's. `prefix`: how the paths of its calls begin. `place`: a process, by its Unix socket, or
    nodes."""

    name: str
    prefix: str
    place: Process | Nodes

    @property
    def is_nodes(self) -> bool:
        return isinstance(self.place, Nodes)

    @property
    def is_several(self) -> bool:
        """Whether a call that one endpoint fails may be served by another."""
        return isinstance(self.place, Nodes) and len(self.place.addresses) > 1


def upstreams(placement: Placement) -> list[Upstream]:
    """One for each product that this process does not serve."""
    return [_upstream(product, place) for product, place in placement.elsewhere().items()]


def _upstream(product: str, place: Place) -> Upstream:
    assert not isinstance(place, Here)
    return Upstream(product, f"/portico.{product}.", place)


def cluster(upstream: Upstream, trust_domain: str, watched: WatchedFiles) -> Message:
    """The cluster of an upstream: HTTP/2, the least busy endpoint first; several nodes are watched."""
    place = upstream.place
    found: Message = {
        "name": upstream.name,
        "connect_timeout": seconds(CONNECT_SECONDS),
        "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {"thresholds": [_circuit_breaker()]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _http2(upstream)
        },
    }
    if isinstance(place, Process):
        endpoints: list[Message] = [{"pipe": {"path": sibling_door(place.name)}}]
        found["type"] = "STATIC"
    else:
        endpoints = [{"socket_address": {"address": host, "port_value": port}} for host, port in place.addresses]
        found["type"] = "STRICT_DNS"
        found["transport_socket"] = tls.to_node(trust_domain, watched)
        if upstream.is_several:
            found |= _watched()
    found["load_assignment"] = {"cluster_name": upstream.name, "endpoints": [{"lb_endpoints": _endpoints(endpoints)}]}
    return found


def passing_by(upstreams: Sequence[Upstream], application: Message) -> Message:
    """The application's filter, left out for calls to the upstreams. The transcoder has made REST paths those of
    methods by the time that it is asked."""
    source = extension("path", "type.matcher.v3.HttpRequestHeaderMatchInput", header_name=":path")
    skip = {"name": "skip", "typed_config": typed("extensions.filters.common.matcher.action.v3.SkipFilter")}
    matchers = [
        {
            "predicate": {"single_predicate": {"input": source, "value_match": {"prefix": upstream.prefix}}},
            "on_match": {"action": skip},
        }
        for upstream in upstreams
    ]
    return extension(
        "application",
        "extensions.common.matching.v3.ExtensionWithMatcher",
        xds_matcher={"matcher_list": {"matchers": matchers}},
        extension_config=application,
    )


def router() -> Message:
    """The terminal filter. It sets no headers of its own on what it takes on, and none that a client sent count."""
    return extension(
        "envoy.filters.http.router", "extensions.filters.http.router.v3.Router", suppress_envoy_headers=True
    )


def _endpoints(addresses: Iterable[Message]) -> list[Message]:
    return [{"endpoint": {"address": address}} for address in addresses]


def _http2(upstream: Upstream) -> Message:
    options = {
        **windows.to_ours(),
        **floods.of_ours(),
        "connection_keepalive": {
            "interval": seconds(KEEPALIVE_SECONDS),
            "timeout": seconds(KEEPALIVE_TIMEOUT_SECONDS),
        },
    }
    return typed(
        "extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options={
            "max_requests_per_connection": floods.CALLS_TO_A_NODE if upstream.is_nodes else floods.CALLS_TO_A_PROCESS
        },
        explicit_http_config={"http2_protocol_options": options},
    )


def _circuit_breaker() -> Message:
    return {
        "max_connections": MAX_CONNECTIONS,
        "max_pending_requests": MAX_WAITING_CALLS,
        "max_requests": MAX_CALLS,
        "max_retries": MAX_RETRIES,
    }


def _watched() -> Message:
    """Asks each node for its health, and leaves out one that is not well or keeps failing calls. Where none is well all
    are tried, in the hope that only the asking fails."""
    return {
        "common_lb_config": {"healthy_panic_threshold": {"value": 1}},
        "health_checks": [
            {
                "timeout": seconds(HEALTH_SECONDS),
                "interval": seconds(HEALTH_SECONDS),
                "no_traffic_interval": seconds(HEALTH_SECONDS),
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "grpc_health_check": {},
            }
        ],
        "outlier_detection": {
            "split_external_local_origin_errors": True,
            "consecutive_local_origin_failure": MAX_FAILED_CONNECTIONS,
            "enforcing_consecutive_local_origin_failure": 100,
            "failure_percentage_threshold": FAILED_PERCENT,
            "failure_percentage_request_volume": FAILED_OF_CALLS,
            "failure_percentage_minimum_hosts": 1,
            "enforcing_failure_percentage": 100,
            "enforcing_consecutive_gateway_failure": 0,
            "enforcing_consecutive_5xx": 0,
            "enforcing_success_rate": 0,
            "enforcing_local_origin_success_rate": 0,
            "successful_active_health_check_uneject_host": False,  # it may be well, and fail this product's calls
            "base_ejection_time": seconds(EJECTED_SECONDS),
            "interval": seconds(HEALTH_SECONDS),
            "max_ejection_percent": 50,
        },
    }
