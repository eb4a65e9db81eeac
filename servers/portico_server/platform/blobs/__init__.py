"""Bytes by id: immutable once committed, durable before the commit is answered."""

from portico_server.platform.blobs.interface import LOCAL, Blob, Blobs, BlobWriter, Store, store_of

__all__ = ["LOCAL", "Blob", "BlobWriter", "Blobs", "Store", "store_of"]
