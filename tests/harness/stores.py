"""A platform's S3 door as another platform's store of bytes."""

from __future__ import annotations

from pathlib import Path

import portico
from portico_server.platform.blobs.interface import Store
from portico_server.platform.blobs.stores import FILE, S3Store
from tests.harness.platform import RunningPlatform


def store_in(platform: RunningPlatform, bucket: str, store: Store, prefix: str = "") -> S3Store:
    """A new bucket of the platform, described for another one."""
    with portico.connect(str(platform.profile)) as client:
        client.buckets.create(bucket)
        key = client.access.own_key()
    endpoint = f"https://localhost:{platform.s3_address.rpartition(':')[2]}"
    return S3Store(store, endpoint, bucket, key.id, key.secret, prefix, ca_file=platform.profile / "ca.pem")


def describe(data: Path, *stores: S3Store, default: str = "", local: Store | None = None) -> None:
    """Writes stores.toml, and the secrets, into a data directory."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [f'default = "{default}"'] if default else []
    if local is not None:
        lines += ["[local]", f'location = "{local.location}"', f'jurisdiction = "{local.jurisdiction}"']
    for one in stores:
        secret = data / f"{one.store.name}.secret"
        secret.touch(mode=0o600)
        secret.write_text(f"{one.secret}\n")
        lines += [
            "[[stores]]",
            f'name = "{one.store.name}"',
            f'location = "{one.store.location}"',
            f'jurisdiction = "{one.store.jurisdiction}"',
            f'endpoint = "{one.endpoint}"',
            f'bucket = "{one.bucket}"',
            f'prefix = "{one.prefix}"',
            f'ca_file = "{one.ca_file}"',
            f'access_key_id = "{one.access_key_id}"',
            f'secret_file = "{secret.name}"',
        ]
    (data / FILE).write_text("\n".join(lines) + "\n")
