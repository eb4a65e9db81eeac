"""Portico's servers: the host, the gateway's pipeline, the shared platform and the products."""

import sys

# structlog takes rich along for logs on a terminal where there is one: 50 modules, an eighth of what the supervisor
# imports at its start. Ours are JSON. Whoever wants rich himself finds it afterwards.
if "structlog" not in sys.modules and "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]  # as `import` has it: there is none
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]
