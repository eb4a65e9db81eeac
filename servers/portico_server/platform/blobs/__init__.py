"""Bytes by id: immutable once committed, durable before the commit is answered."""

from portico_server.platform.blobs.interface import Blob, Blobs, BlobWriter

__all__ = ["Blob", "BlobWriter", "Blobs"]
