"""REST: JSON over HTTP to and from gRPC, by the paths in the contracts (`google.api.http`).

An unknown query parameter is refused. An unknown JSON field is ignored: Envoy's transcoder has no other way.
"""

from __future__ import annotations

from pathlib import Path

from portico_server.host.envoy.descriptors import Contracts
from portico_server.host.envoy.message import Message, extension

FILTER = "envoy.filters.http.grpc_json_transcoder"


def largest_json(max_message_bytes: int) -> int:
    """How long the JSON of the largest message may be: bytes fields are base64 in it."""
    return max_message_bytes * 4 // 3 + 4096


def transcoder_filter(contracts: Contracts, descriptor_file: Path, max_json_bytes: int) -> Message:
    """The HTTP filter. Requests that fit no REST path go on to the application as they are."""
    return extension(
        FILTER,
        "extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor=str(descriptor_file),
        services=list(contracts.services),
        convert_grpc_status=True,
        url_unescape_spec="ALL_CHARACTERS",
        query_param_unescape_plus=True,
        # Streams are lines of JSON, each readable as it comes, rather than one array that ends with the stream.
        print_options={"stream_newline_delimited": True},
        request_validation_options={
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
        max_request_body_size=max_json_bytes,
        max_response_body_size=max_json_bytes,
    )
