"""Portico's servers: the host, the gateway's pipeline, the shared platform and the products."""
