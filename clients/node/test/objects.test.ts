/** Buckets and objects of a real platform. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";

import {
  AlreadyExists,
  asJson,
  ChecksumAlgorithm,
  FailedPrecondition,
  InvalidArgument,
  NotFound,
  OutOfRange,
  RetentionMode,
  UploadService,
  Versioning,
} from "../src/index.js";
import { bucketOf, client, MEBIBYTE, scratchFolder } from "./platform.js";
import { collect } from "./collect.js";

for (const sizeBytes of [0, 1, 20_000, MEBIBYTE, 9 * MEBIBYTE + 3]) {
  test(`a file of ${sizeBytes} bytes comes back byte for byte`, async (t) => {
    const portico = client(t);
    const bucket = await bucketOf(t, portico);
    const folder = scratchFolder(t);
    const [source, target] = [path.join(folder, "cat.jpg"), path.join(folder, "copy.jpg")];
    fs.writeFileSync(source, randomBytes(sizeBytes));
    let told = -1;
    const stored = await portico.objects.put(bucket, "a/ü b?#%.jpg", { path: source }, {
      metadata: { custom: { by: "me" } },
      progress: (bytes) => (told = bytes),
    });
    assert.equal(stored.sizeBytes, BigInt(sizeBytes));
    assert.equal(stored.metadata?.contentType, "image/jpeg");
    assert.equal(told, sizeBytes || -1);
    const found = await portico.objects.download(bucket, "a/ü b?#%.jpg", target);
    assert.ok(fs.readFileSync(source).equals(fs.readFileSync(target)));
    assert.deepEqual({ ...found.metadata?.custom }, { by: "me" });
    assert.deepEqual(fs.readdirSync(folder).sort(), ["cat.jpg", "copy.jpg"]);
  });
}

test("pieces of a stream are stored, read in parts and as a stream", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  const content = randomBytes(3 * MEBIBYTE);
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let start = 0; start < content.length; start += 100_000) yield content.subarray(start, start + 100_000);
  }
  await portico.objects.put(bucket, "pieces", pieces());
  assert.ok((await portico.objects.read(bucket, "pieces")).equals(content));
  const reader = await portico.objects.get(bucket, "pieces", { offsetBytes: -5 });
  assert.deepEqual([reader.offsetBytes, reader.lengthBytes], [content.length - 5, 5]);
  assert.ok((await reader.bytes()).equals(content.subarray(-5)));
  const hash = createHash("sha256");
  for await (const chunk of (await portico.objects.get(bucket, "pieces")).stream()) hash.update(chunk as Buffer);
  assert.deepEqual(hash.digest(), createHash("sha256").update(content).digest());
  await portico.objects.put(bucket, "blob", new Blob([content]));
  assert.equal((await portico.objects.head(bucket, "blob")).sizeBytes, BigInt(content.length));
});

test("a stream of unknown length is uploaded in parts", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  const content = randomBytes(11 * MEBIBYTE + 3);
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let start = 0; start < content.length; start += 700_000) yield content.subarray(start, start + 700_000);
  }
  let told = 0;
  const options = { partBytes: 5 * MEBIBYTE, progress: (bytes: number) => (told = bytes), metadata: { custom: { by: "me" } }, tags: { kind: "film" } };
  const stored = await portico.objects.upload(bucket, "film", pieces(), options);
  assert.deepEqual([stored.partsCount, stored.sizeBytes, told], [3, BigInt(content.length), content.length]);
  assert.deepEqual({ ...stored.metadata?.custom }, { by: "me" });
  assert.deepEqual({ ...stored.tags }, { kind: "film" });
  assert.ok((await portico.objects.read(bucket, "film")).equals(content));
  assert.equal((await portico.objects.upload(bucket, "empty", [])).sizeBytes, 0n);
  await assert.rejects(
    portico.objects.upload(bucket, "film", pieces(), { ...options, overwrite: false }),
    (error: FailedPrecondition) => error.reason === "OBJECT_EXISTS",
  );
  async function* broken(): AsyncGenerator<Buffer> {
    yield content.subarray(0, 6 * MEBIBYTE);
    throw new Error("the source broke");
  }
  await assert.rejects(portico.objects.upload(bucket, "broken", broken(), options), /the source broke/);
  const parent = stored.name.slice(0, stored.name.indexOf("/objects/"));
  const { uploads } = await portico.service(UploadService).listMultipartUploads({ parent });
  assert.deepEqual(uploads, []);
});

test("lists go over pages and prefixes", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  for (let number = 0; number < 12; number += 1) {
    await portico.objects.put(bucket, `${number % 2 === 0 ? "even" : "odd"}/${number}`, Buffer.from("x"));
  }
  const pages = [];
  for await (const page of portico.objects.list(bucket, { pageSize: 5 }).pages()) pages.push(page.objects.length);
  assert.deepEqual(pages, [5, 5, 2]);
  const keys = (await portico.objects.list(bucket, { pageSize: 5 }).all()).map((item) => item.name.split("/objects/")[1]!);
  assert.deepEqual(keys, [...keys].sort());
  const [page] = await collect(portico.objects.list(bucket, { delimiter: "/" }).pages());
  assert.deepEqual(page?.prefixes, ["even/", "odd/"]);
  assert.equal((await portico.objects.deleteMany(bucket, keys)).length, 12);
  assert.deepEqual(await portico.objects.list(bucket).all(), []);
  const named = (await portico.buckets.list({ prefix: bucket }).all()).map((item) => item.name);
  assert.deepEqual(named, [`accounts/default/buckets/${bucket}`]);
});

test("ranges, conditions and checksums are the platform's", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  const { etag } = await portico.objects.put(bucket, "k", Buffer.from("0123456789"));
  assert.equal((await portico.objects.read(bucket, "k", { offsetBytes: 3, limitBytes: 4 })).toString(), "3456");
  const reason = (kind: typeof InvalidArgument, named: string) => (error: unknown) => {
    assert.ok(error instanceof kind);
    assert.equal(error.reason, named);
    return true;
  };
  const other = Buffer.from("x");
  await assert.rejects(
    portico.objects.put(bucket, "k", other, { overwrite: false }),
    reason(FailedPrecondition, "OBJECT_EXISTS"),
  );
  await assert.rejects(
    portico.objects.read(bucket, "k", { conditions: { ifNoneMatch: [etag] } }),
    reason(FailedPrecondition, "NOT_MODIFIED"),
  );
  await assert.rejects(
    portico.objects.put(bucket, "k", other, { checksums: { sha256: createHash("sha256").update("y").digest() } }),
    reason(InvalidArgument, "BAD_DIGEST"),
  );
  await assert.rejects(portico.objects.read(bucket, "k", { offsetBytes: 11 }), reason(OutOfRange, "INVALID_RANGE"));
  assert.equal((await portico.objects.read(bucket, "k")).toString(), "0123456789");
});

test("versions are kept and copied", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  await portico.buckets.update(bucket, { versioning: Versioning.ENABLED });
  const first = await portico.objects.put(bucket, "k", Buffer.from("first"));
  await portico.objects.put(bucket, "k", Buffer.from("second"));
  assert.ok((await portico.objects.delete(bucket, "k")).deleteMarker);
  await assert.rejects(portico.objects.read(bucket, "k"), NotFound);
  const markers = (await portico.objects.versions(bucket).all()).map((item) => item.deleteMarker);
  assert.deepEqual(markers, [true, false, false]);
  await portico.objects.copy({ bucket, key: "k", versionId: first.versionId }, { bucket, key: "again" });
  assert.equal((await portico.objects.read(bucket, "again")).toString(), "first");
});

test("a bucket that holds much is deleted in the background", async (t) => {
  const portico = client(t);
  const name = `node-${randomBytes(4).toString("hex")}`;
  await portico.buckets.create(name);
  await assert.rejects(portico.buckets.create(name), AlreadyExists);
  await portico.objects.put(name, "k", Buffer.from("x"));
  await assert.rejects(portico.buckets.delete(name), FailedPrecondition);
  const started = await portico.buckets.delete(name, { force: true, wait: false });
  assert.ok((await portico.operations.wait(started.name)).done);
  await assert.rejects(portico.buckets.get(name), NotFound);
  const named = (await portico.operations.list("objects").all()).map((item) => item.name);
  assert.ok(named.includes(started.name));
});

test("a download leaves nothing where it fails, and keeps what was there", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  const folder = scratchFolder(t);
  const target = path.join(folder, "kept");
  fs.writeFileSync(target, "before", { mode: 0o640 });
  await assert.rejects(portico.objects.download(bucket, "none", target), NotFound);
  assert.equal(fs.readFileSync(target, "utf8"), "before");
  await portico.objects.put(bucket, "k", Buffer.from("after"));
  fs.symlinkSync("kept", path.join(folder, "link"));
  await portico.objects.download(bucket, "k", path.join(folder, "link"));
  assert.equal(fs.readFileSync(target, "utf8"), "after");
  assert.equal(fs.statSync(target).mode & 0o777, 0o640);
  assert.deepEqual(fs.readdirSync(folder).sort(), ["kept", "link"]);
});

test("objects are tagged, locked and held", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico, { settings: { objectLock: { enabled: true } } });
  const marks = { tags: { a: "b" }, checksumAlgorithms: [ChecksumAlgorithm.SHA256] };
  const put = await portico.objects.put(bucket, "k", Buffer.from("bytes"), marks);
  assert.deepEqual([{ ...put.tags }, put.checksums?.sha256.length], [{ a: "b" }, 32]);
  const copy = await portico.objects.copy({ bucket, key: "k" }, { bucket, key: "l" }, { tags: {} });
  assert.deepEqual({ ...copy.tags }, {});
  assert.deepEqual({ ...(await portico.objects.setTags(bucket, "k", { c: "d" })).tags }, { c: "d" });
  const retainUntilTime = { seconds: BigInt(Math.floor(Date.now() / 1000) + 3600) };
  await portico.objects.setRetention(bucket, "k", { mode: RetentionMode.GOVERNANCE, retainUntilTime });
  const versionId = put.versionId;
  const locked = (error: unknown): boolean => error instanceof FailedPrecondition && error.reason === "OBJECT_LOCKED";
  await assert.rejects(portico.objects.delete(bucket, "k", { versionId }), locked);
  assert.equal((await portico.objects.setLegalHold(bucket, "k", true)).legalHold, true);
  await assert.rejects(portico.objects.delete(bucket, "k", { versionId, bypassGovernance: true }), locked);
  assert.equal((await portico.objects.setLegalHold(bucket, "k", false)).legalHold, false);
  await portico.objects.deleteMany(bucket, [{ key: "k", versionId }], { bypassGovernance: true });
});

test("options that are none are told, and nothing is done", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  const objects = portico.objects as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
  const bytes = Buffer.from("x");
  const wrong: [string, ...unknown[]][] = [
    ["put", bucket, "k", bytes, { cacheControl: "max-age=60" }],
    ["upload", bucket, "k", bytes, { cacheControl: "max-age=60" }],
    ["read", bucket, "k", { offset: 5 }],
    ["head", bucket, "k", { version: "1" }],
    ["delete", bucket, "k", { version: "1" }],
    ["copy", { bucket, key: "k" }, { bucket, key: "l", versionId: "1" }],
  ];
  for (const [method, ...given] of wrong) {
    await assert.rejects(async () => objects[method]?.(...given), /^TypeError: there is no option \w+; there are /, method);
  }
  assert.throws(() => portico.objects.list(bucket, { prefixes: "a" } as object), /there is no option prefixes/);
  await assert.rejects(portico.buckets.create("n-one", { locationHint: "weur" } as object), /there are versioning, settings/);
  assert.deepEqual(await portico.objects.list(bucket).all(), []);
});

test("names that are no texts, and a copy of texts, are told as what they are", async (t) => {
  const { copy, head } = client(t).objects as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
  const objects = client(t).objects;
  const source = /^TypeError: source and target are each \{bucket, key\}, not texts$/;
  await assert.rejects(async () => copy?.call(objects, "a", "b", "c", "d"), source);
  await assert.rejects(async () => head?.call(objects, "photos"), /^TypeError: a name is a text, not undefined$/);
});

test("a folder that is not there is told by the name that was given", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  await portico.objects.put(bucket, "k", Buffer.from("x"));
  const target = path.join(scratchFolder(t), "none", "copy");
  await assert.rejects(portico.objects.download(bucket, "k", target), (error: NodeJS.ErrnoException) => {
    assert.deepEqual([error.code, error.path], ["ENOENT", target]);
    return error.message === `ENOENT: no such file or directory, open '${target}'`;
  });
});

test("answers are JSON as REST has them", async (t) => {
  const portico = client(t);
  const name = `node-${randomBytes(4).toString("hex")}`;
  const bucket = await portico.buckets.create(name, { versioning: true });
  const put = await portico.objects.put(name, "k", Buffer.from("bytes"), { contentType: "text/plain" });
  const told = JSON.parse(JSON.stringify([asJson(bucket), asJson(put)])) as Record<string, unknown>[];
  assert.equal(told[0]?.["versioning"], "VERSIONING_ENABLED");
  assert.deepEqual([told[1]?.["sizeBytes"], told[1]?.["metadata"]], ["5", { contentType: "text/plain" }]);
  assert.match(String(told[1]?.["createTime"]), /^2\d{3}-\d\d-\d\dT/);
  const deleted = asJson(await portico.buckets.delete(name, { force: true })) as { metadata: Record<string, string> };
  assert.match(deleted.metadata["@type"] ?? "", /DeleteBucketMetadata$/);
});
