"""To other processes: over their Unix sockets on this machine, over TLS with the node's certificate to other nodes.

connection.py is one, and says what assertions are bound to; pool.py keeps as many to an address as its calls need;
connections.py says where they lead; way.py is the way as the channel takes it.
"""
