"""Checks the contracts by buf, without network: its lint rules, and no breaking change against `proto/baseline.binpb`.

    python -m proto.check             lint, and compare with the baseline
    python -m proto.check --accept    make the contracts as they are the baseline; refused if that breaks something
    python -m proto.check --accept --break    … though it does (clients of the contracts so far will fail)

The baseline is what clients in the field may rely on. It is accepted with each release: what was added since the last
one may still be changed. The rules are in buf.yaml.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2

from proto.generate import ROOT, imported_descriptors, protoc

BASELINE = ROOT / "proto" / "baseline.binpb"
# buf's image format is a descriptor set whose files may carry buf's field 8042. This one says `is_import`: not ours, do
# not lint (buf/alpha/image/v1/image.proto).
IS_IMPORT = bytes.fromhex("d2f603020801")


def compiled(source: Path) -> descriptor_pb2.FileDescriptorSet:
    """The descriptors of every contract below `source` and of all that they import, with comments and positions."""
    with tempfile.TemporaryDirectory() as scratch:
        imported, output = Path(scratch) / "imported.binpb", Path(scratch) / "output.binpb"
        imported.write_bytes(imported_descriptors().SerializeToString())
        files = sorted(str(path.relative_to(source)) for path in source.rglob("*.proto"))
        arguments = [f"--descriptor_set_out={output}", "--include_imports", "--include_source_info"]
        protoc([source], imported, *arguments, *files)
        return descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes())


def image(contracts: descriptor_pb2.FileDescriptorSet) -> bytes:
    """The descriptors as buf's image, third-party files marked as imports."""
    marked = descriptor_pb2.FileDescriptorSet()
    marked.CopyFrom(contracts)
    for file in marked.file:
        if not file.package.startswith("portico."):
            file.MergeFromString(IS_IMPORT)
    return marked.SerializeToString()


def baseline_image(contracts: descriptor_pb2.FileDescriptorSet) -> bytes:
    """The image without comments and positions, which no client relies on."""
    bare = descriptor_pb2.FileDescriptorSet()
    bare.CopyFrom(contracts)
    for file in bare.file:
        file.ClearField("source_code_info")
    return image(bare)


def lint(contracts: descriptor_pb2.FileDescriptorSet) -> list[str]:
    """What buf's lint rules find, a line each; empty if all is well."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "contracts.binpb"
        path.write_bytes(image(contracts))
        return _buf("lint", str(path), "--config", str(ROOT / "buf.yaml"))


def breaking(contracts: descriptor_pb2.FileDescriptorSet, baseline: bytes) -> list[str]:
    """What would break clients of `baseline` (an image), a line each; empty if nothing does."""
    with tempfile.TemporaryDirectory() as scratch:
        path, against = Path(scratch) / "contracts.binpb", Path(scratch) / "baseline.binpb"
        path.write_bytes(image(contracts))
        against.write_bytes(baseline)
        return _buf("breaking", str(path), "--against", str(against), "--config", str(ROOT / "buf.yaml"))


def _buf(*arguments: str) -> list[str]:
    program = Path(sysconfig.get_path("scripts")) / "buf"
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, cwd=ROOT)
    if done.returncode not in (0, 100):  # 100: it found something
        raise RuntimeError(f"buf {arguments[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accept", action="store_true", help="make the contracts as they are the baseline")
    parser.add_argument("--break", dest="breaks", action="store_true", help="accept breaking changes too")
    options = parser.parse_args()
    contracts = compiled(ROOT / "proto")
    problems = lint(contracts)
    if BASELINE.exists() and not options.breaks:
        problems += [f"breaking: {line}" for line in breaking(contracts, BASELINE.read_bytes())]
    for line in problems:
        print(line)
    if options.accept and not problems:
        BASELINE.write_bytes(baseline_image(contracts))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
