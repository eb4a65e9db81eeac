"""The mesh channel: calls between products, in this process, to other processes of this machine, and to other nodes.

channel.py has the face of a `grpc.aio.Channel`; outgoing.py says what every call carries whichever way it goes; local/
is the way within the process.
"""
