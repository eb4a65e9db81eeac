"""What keeps objects and speaks HTTP/1.1, as a client of S3 sees it: Portico's S3 door, and others beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import load
from bench.bucket import ACCOUNT, channel, metadata
from bench.candidates import Endpoint
from bench.load import HttpLoad
from bench.measure import Figures, figures_of, spent_by
from bench.signing import Signer
from portico.access.v1 import access_keys_pb2, access_keys_pb2_grpc
from portico.presigning import AccessKey


@dataclass(frozen=True, slots=True)
class Store:
    """A running store: its port on 127.0.0.1, whom to believe (None: it has no TLS), the key that signs (None: it knows
    none), the path of its bucket, and its processes now."""

    name: str
    port: int
    authority: Path | None
    key: AccessKey | None
    bucket: str
    processes: Callable[[], Mapping[str, int]]
    region: str = "auto"

    def signer(self) -> Signer:
        return Signer(self.port, self.key, self.region)

    def under_load(self, what: HttpLoad, seconds: float, warm_seconds: float = 0.3) -> Figures:
        """See `measure.under_load`."""
        with spent_by(self.processes()) as spent:
            result = load.run_http(
                self.name, self.port, self.authority, what, seconds=seconds, warm_seconds=warm_seconds
            )
        return figures_of(result, spent)


def s3_door(endpoint: Endpoint) -> Store:
    """The S3 door of a running platform, with an access key of its own."""
    with channel(endpoint) as connection:
        keys = access_keys_pb2_grpc.AccessKeyServiceStub(connection)  # type: ignore[no-untyped-call]
        request = access_keys_pb2.CreateAccessKeyRequest(parent=ACCOUNT, display_name="bench")
        made = keys.CreateAccessKey(request, metadata=metadata(endpoint))
    key = AccessKey(made.access_key.name.rpartition("/")[2], made.secret_access_key)
    authority = endpoint.credentials.authority
    return Store(f"{endpoint.name} by S3", endpoint.s3_port, authority, key, "/bench", endpoint.processes)
