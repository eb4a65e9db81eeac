"""Where calls enter: Envoy with Python inside, the gRPC-over-ASGI adapter, and the supervisor that starts them."""
