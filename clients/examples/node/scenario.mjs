/**
 * The scenario by Portico's client for Node: see ../README.md.
 *
 *     node scenario.mjs ADDRESS PROFILE_FOLDER
 */

import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { Cancelled, connect, DeadlineExceeded, InvalidArgument, NotFound } from "@portico/client";

const SIZE_BYTES = 6 * 1024 * 1024 + 7;
const MESSAGE_BYTES = 1024 * 1024;
const CODES = { CANCELLED: 1, INVALID_ARGUMENT: 3, DEADLINE_EXCEEDED: 4, NOT_FOUND: 5 };

const [address, profile] = process.argv.slice(2);
if (profile === undefined) throw new Error("usage: scenario.mjs ADDRESS PROFILE_FOLDER");

const client = connect({ profile, address });
await client.trace("scenario", scenario);
await client.close();

async function scenario(span) {
  console.log("trace", span.traceId, span.spanId);
  const { name: bucket } = await client.buckets.create(`node-${randomBytes(4).toString("hex")}`);
  console.log("bucket", bucket);

  // Streams some MiB there and back.
  const content = randomBytes(SIZE_BYTES);
  async function* pieces() {
    for (let start = 0; start < SIZE_BYTES; start += MESSAGE_BYTES) yield content.subarray(start, start + MESSAGE_BYTES);
  }
  console.log("put", String((await client.objects.put(bucket, "big", pieces())).sizeBytes));
  const received = await (await client.objects.get(bucket, "big")).bytes();
  console.log("got", received.length, received.equals(content));

  for (let number = 0; number < 5; number += 1) await client.objects.put(bucket, `small/${number}`, Buffer.from("x"));
  const pages = [];
  for await (const page of client.objects.list(bucket, { pageSize: 4 }).pages()) pages.push(page.objects.length);
  console.log("listed", pages.reduce((sum, count) => sum + count), pages.length);

  // The details of two errors: the reason of one, the field that the other is about.
  const missing = await failureOf(client.objects.head(bucket, "none"), NotFound);
  console.log("not-found", CODES[missing.code], missing.reason);
  const wrong = await failureOf(client.buckets.create("NO"), InvalidArgument);
  console.log("invalid", CODES[wrong.code], wrong.violations[0].field);

  // A put that it does not end in time.
  async function* slow() {
    yield Buffer.from("x");
    await sleep(30_000, undefined, { ref: false });
  }
  const hasty = client.withOptions({ transferTimeoutSeconds: 0.5 });
  console.log("deadline", CODES[(await failureOf(hasty.objects.put(bucket, "late", slow()), DeadlineExceeded)).code]);

  // A get that ends in its middle.
  const stop = new AbortController();
  const reader = await client.withOptions({ signal: stop.signal }).objects.get(bucket, "big");
  await reader.chunk();
  stop.abort();
  console.log("cancelled", CODES[(await failureOf(reader.bytes(), Cancelled)).code]);

  await client.buckets.delete(bucket, { force: true });
  console.log("deleted", bucket);
}

async function failureOf(call, kind) {
  try {
    await call;
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error("the call should have failed");
}
