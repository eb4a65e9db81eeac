"""Generates the Python code and the descriptor set of every contract, without network.

    python proto/generate.py            writes gen/ and tests/testing_product/gen/
    python proto/generate.py --check    fails if what is committed is not what would be written

Third-party .proto files (google/api, google/rpc, google/longrunning, buf/validate) come from the descriptors of
installed packages; nothing of theirs is copied into proto/. `buf.validate` is generated as `portico._buf.validate`, so
that no top-level `buf` lands in site-packages.
"""

from __future__ import annotations

import argparse
import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

from google.api import annotations_pb2, client_pb2, field_behavior_pb2, http_pb2, httpbody_pb2, launch_stage_pb2
from google.longrunning import operations_pb2
from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2
from protovalidate._gen.buf.validate import validate_pb  # the package's own descriptor: it has no public name

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from proto.plain import plain  # noqa: E402  (the folder is no installed package)

BUF_VALIDATE = "buf/validate/validate.proto"
IMPORTED = (
    descriptor_pb2, any_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2,
    launch_stage_pb2, client_pb2, http_pb2, annotations_pb2, field_behavior_pb2, httpbody_pb2,
    code_pb2, status_pb2, error_details_pb2, operations_pb2,
)  # fmt: skip
# What clients call beside our contracts; dependencies first.
FOREIGN = (common_pb2, resource_pb2, trace_pb2, trace_service_pb2, health_pb2)
# Errors are answered to REST clients as JSON, which needs these types in the set beside what the contracts import.
FOR_ERRORS = ("google/rpc/status.proto", "google/rpc/error_details.proto")


def imported_descriptors() -> descriptor_pb2.FileDescriptorSet:
    """Every third-party file that a contract may import, dependencies first."""
    files = descriptor_pb2.FileDescriptorSet()
    for module in IMPORTED:
        files.file.append(descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb))
    files.file.append(descriptor_pb2.FileDescriptorProto.FromString(validate_pb._DESC.proto.to_binary()))
    return files


def protoc(includes: list[Path], descriptors: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{folder}" for folder in includes)]
    subprocess.run([*command, f"--descriptor_set_in={descriptors}", *arguments], check=True)


def relocate_buf(folder: Path) -> None:
    """Rewrites imports of `buf.validate` to `portico._buf.validate`."""
    for path in [*folder.rglob("*_pb2.py"), *folder.rglob("*_pb2.pyi"), *folder.rglob("*_pb2_grpc.py")]:
        text = path.read_text()
        path.write_text(text.replace("from buf.validate import", "from portico._buf.validate import"))


def packages(folder: Path) -> None:
    """Gives every generated folder below portico/ an empty __init__.py; portico/ itself belongs to the SDK."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            (path / "__init__.py").touch()


def generate(source: Path, target: Path, includes: list[Path], set_name: str, *, with_buf: bool) -> None:
    """Generates every contract below `source` into `target`, and the descriptor set of those and of `includes`."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        descriptors = Path(scratch) / "imported.binpb"
        descriptors.write_bytes(imported_descriptors().SerializeToString())
        files = sorted(str(path.relative_to(source)) for path in source.rglob("*.proto"))
        outputs = [f"--python_out={target}", f"--pyi_out={target}"]
        services = [name for name in files if "\nservice " in (source / name).read_text()]
        protoc([source, *includes], descriptors, *outputs, *files)
        if services:
            protoc([source, *includes], descriptors, f"--grpc_python_out={target}", *services)
        every = [*files, *(str(p.relative_to(i)) for i in includes for p in sorted(i.rglob("*.proto")))]
        arguments = [
            f"--descriptor_set_out={target / 'portico' / set_name}",
            "--include_imports",
            "--include_source_info",
        ]
        protoc([source, *includes], descriptors, *arguments, *every, *FOR_ERRORS)
        if with_buf:
            (target / "portico" / "_buf").mkdir(exist_ok=True)
            protoc(
                [source],
                descriptors,
                f"--python_out={target / 'portico'}",
                f"--pyi_out={target / 'portico'}",
                BUF_VALIDATE,
            )
            generated = target / "portico" / "buf" / "validate"
            (target / "portico" / "_buf" / "validate").mkdir(exist_ok=True)
            for path in sorted(generated.iterdir()):
                path.rename(target / "portico" / "_buf" / "validate" / path.name)
            generated.rmdir()
            generated.parent.rmdir()
    relocate_buf(target)
    packages(target / "portico")


def write_plain(folder: Path) -> None:
    """The set for other languages, beside the one that it is made of."""
    files = descriptor_pb2.FileDescriptorSet.FromString((folder / "descriptors.binpb").read_bytes())
    roots = [file.name for file in files.file if file.name.startswith("portico/") and "/options/" not in file.name]
    for module in FOREIGN:
        files.file.append(descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb))
    answer = plain(files, [*roots, *FOR_ERRORS, *(module.DESCRIPTOR.name for module in FOREIGN)])
    (folder / "plain.binpb").write_bytes(answer.SerializeToString(deterministic=True))


def generate_all(root: Path) -> None:
    """Writes all generated folders below `root` (the checkout, or a scratch folder to compare with it)."""
    generate(ROOT / "proto", root / "gen", [], "descriptors.binpb", with_buf=True)
    write_plain(root / "gen" / "portico")
    testing = Path("tests/testing_product")
    if (ROOT / testing).exists():
        generate(ROOT / testing / "proto", root / testing / "gen", [ROOT / "proto"], "testing.binpb", with_buf=False)


def differences(committed: Path, fresh: Path) -> list[str]:
    """Files that differ or are on one side only, as paths relative to the checkout."""
    ours = {p.relative_to(committed) for p in committed.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    theirs = {p.relative_to(fresh) for p in fresh.rglob("*") if p.is_file()}
    changed = {p for p in ours & theirs if not filecmp.cmp(committed / p, fresh / p, shallow=False)}
    return sorted(str(committed.relative_to(ROOT) / p) for p in changed | (ours ^ theirs))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    if not parser.parse_args().check:
        generate_all(ROOT)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        generate_all(Path(scratch))
        folders = [f for f in ("gen", "tests/testing_product/gen") if (Path(scratch) / f).exists()]
        stale = [line for folder in folders for line in differences(ROOT / folder, Path(scratch) / folder)]
    for line in stale:
        print(f"not current: {line}")
    if stale:
        print("run: python proto/generate.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
