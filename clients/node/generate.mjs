/**
 * Generates src/gen, the TypeScript of every contract, from gen/portico/plain.binpb: `npm run generate`. It needs no protoc
 * and no network: it does what protoc does for its plugins, which is to ask them by one message and to write what they
 * answer. Third-party contracts are in the set (see proto/plain.py).
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, CodeGeneratorResponseSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const here = import.meta.dirname;
const plugin = join(here, "node_modules", ".bin", "protoc-gen-es");
const contracts = join(here, "..", "..", "gen", "portico", "plain.binpb");
const target = join(here, "src", "gen");

const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(contracts));
const request = create(CodeGeneratorRequestSchema, {
  protoFile: file,
  fileToGenerate: file.map(({ name }) => name).filter((name) => !name.startsWith("google/protobuf/")), // the runtime's
  parameter: "target=ts,import_extension=js",
});
const asked = spawnSync(plugin, {
  input: toBinary(CodeGeneratorRequestSchema, request),
  maxBuffer: 64 * 1024 * 1024,
  stdio: ["pipe", "pipe", "inherit"],
});
if (asked.status !== 0) throw asked.error ?? new Error(`${plugin} ended with ${asked.status}`);
const response = fromBinary(CodeGeneratorResponseSchema, asked.stdout);
if (response.error) throw new Error(response.error);

rmSync(target, { recursive: true, force: true });
for (const { name, content } of response.file) {
  mkdirSync(dirname(join(target, name)), { recursive: true });
  writeFileSync(join(target, name), content);
}
