"""To other processes: over their Unix sockets on this machine, over TLS with the node's certificate to other nodes.

connections.py keeps the connections and says what assertions are bound to; way.py is the way as the channel takes it.
"""
