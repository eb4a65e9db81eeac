"""gRPC over ASGI: generated grpcio servicers, unchanged, inside Envoy.

app = GrpcApplication(pipeline=…, methods=…, errors=…, max_message_bytes=…, first_message_seconds=…, lifespan=…)
add_XServicer_to_server(X(), app)
"""

from portico_server.host.adapter.application import GrpcApplication

__all__ = ["GrpcApplication"]
