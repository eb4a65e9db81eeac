"""Long-running operations: work longer than a call, which survives restarts (`google.longrunning`, AIP-151)."""

from portico_server.platform.operations.operations import Operations
from portico_server.platform.operations.running import Kind, OperationCancelled, Running

__all__ = ["Kind", "OperationCancelled", "Operations", "Running"]
