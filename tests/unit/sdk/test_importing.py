"""Importing `portico` costs nothing, and its parts do not stand in the way of contracts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import portico
from tests.unit.sdk.fake_platform import FakePlatform


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_contracts_are_imported_without_the_sdk() -> None:
    loaded = modules_after("import portico.objects.v1.objects_pb2_grpc")
    assert not {name for name in loaded if name.startswith("portico._") and not name.startswith("portico._buf")}
    assert "portico.errors" not in loaded


def test_the_package_alone_loads_neither_grpc_nor_protobuf() -> None:
    loaded = modules_after("import portico, portico.errors, portico.profiles")
    assert not loaded & {"grpc", "google.protobuf", "cryptography"}


def test_the_sync_client_loads_a_product_when_it_is_used() -> None:
    loaded = modules_after("import portico; portico.connect(address='127.0.0.1:1', token='t').close()")
    assert "portico.objects.v1.objects_pb2" not in loaded
    assert "cryptography" not in loaded


def test_a_process_that_begins_without_a_token_loads_what_it_takes_to_get_one(fake: FakePlatform) -> None:
    (fake.profile / "token").write_text("")
    code = "import portico, sys\nwith portico.connect(trace=True) as client: list(client.buckets.list())"
    assert "portico.gateway.v1.credentials_pb2" in modules_after(code)
    assert (fake.calls["CreateToken"], fake.calls["ListBuckets"], fake.calls["Export"]) == (1, 1, 1)


def test_no_module_of_the_sdk_bears_the_name_of_a_contract() -> None:
    sdk = Path(portico.__file__).parent
    contracts = {path.name for folder in portico.__path__ for path in Path(folder).iterdir() if (path / "v1").is_dir()}
    assert contracts
    assert not contracts & {path.stem for path in sdk.iterdir()}


def test_public_names_are_there_and_others_are_not() -> None:
    assert all(getattr(portico, name) for name in portico.__all__)
    assert not hasattr(portico, "nothing_of_that_name")
