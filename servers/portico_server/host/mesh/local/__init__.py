"""Within the process: no socket and no bytes. server.py runs the called side, calls.py is what the caller holds."""
