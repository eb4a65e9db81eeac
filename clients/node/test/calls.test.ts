/** How calls are made: errors, deadlines, cancellation, retries, broken ways, traces, other services. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import {
  Cancelled,
  DeadlineExceeded,
  InvalidArgument,
  NotFound,
  ObjectService,
  ProfileError,
  RecordService,
  Unavailable,
  ZoneService,
} from "../src/index.js";
import { bucketOf, client, cutting, eventually, MEBIBYTE, profileFolder } from "./platform.js";
import { collect } from "./collect.js";

test("a wrong request names the field, and the call its ray", async (t) => {
  const portico = client(t);
  await assert.rejects(portico.buckets.create("NO"), (error) => {
    assert.ok(error instanceof InvalidArgument);
    assert.deepEqual(error.violations.map((violation) => violation.field), ["bucket_id"]);
    assert.match(error.rayId, /^[0-9a-f]{32}$/);
    assert.equal(portico.lastRayId, error.rayId);
    return true;
  });
  await assert.rejects(portico.buckets.get("there-is-none"), (error) => {
    assert.ok(error instanceof NotFound);
    assert.deepEqual([error.code, error.reason], ["NOT_FOUND", "BUCKET_NOT_FOUND"]);
    return true;
  });
});

test("a put that takes too long is over at its deadline, and stores nothing", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  async function* endless(): AsyncGenerator<Buffer> {
    yield Buffer.from("x");
    await new Promise(() => undefined);
  }
  const hasty = portico.withOptions({ transferTimeoutSeconds: 0.5 });
  await assert.rejects(hasty.objects.put(bucket, "k", endless()), DeadlineExceeded);
  await assert.rejects(portico.objects.head(bucket, "k"), NotFound);
});

test("a signal cancels a get in the middle, and a call before it is sent", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  await portico.objects.put(bucket, "k", randomBytes(16 * MEBIBYTE));
  const stop = new AbortController();
  const reader = await portico.withOptions({ signal: stop.signal }).objects.get(bucket, "k");
  await reader.chunk();
  stop.abort();
  await assert.rejects(reader.bytes(), Cancelled);
  await assert.rejects(portico.withOptions({ signal: stop.signal }).buckets.get(bucket), Cancelled);
});

test("of twenty puts that are cancelled half way nothing is stored", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  const stops = Array.from({ length: 20 }, () => new AbortController());
  const puts = stops.map(async (stop, number) => {
    async function* half(): AsyncGenerator<Buffer> {
      yield randomBytes(MEBIBYTE / 2);
      setImmediate(() => stop.abort());
      await new Promise(() => undefined);
    }
    await portico.withOptions({ signal: stop.signal }).objects.put(bucket, String(number), half());
  });
  for (const put of await Promise.allSettled(puts)) {
    assert.ok(put.status === "rejected" && put.reason instanceof Cancelled);
  }
  const events = portico.requestEvents.list({ method: "/portico.objects.v1.ObjectService/PutObject" });
  await eventually(async () => {
    const mine = (await collect(events)).filter((event) => event.resource.includes(bucket));
    return mine.length === 20 || undefined;
  }, "the platform has ended all of them");
  assert.deepEqual(await portico.objects.list(bucket).all(), []);
});

test("what the source of a put throws is thrown, and nothing is stored", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from("x");
    throw new RangeError("out of ideas");
  }
  await assert.rejects(portico.objects.put(bucket, "k", broken()), RangeError);
  await assert.rejects(portico.objects.head(bucket, "k"), NotFound);
});

test("a download goes on where the way broke", async (t) => {
  const direct = client(t);
  const bucket = await bucketOf(t, direct);
  const content = randomBytes(8 * MEBIBYTE);
  await direct.objects.put(bucket, "k", content);
  const way = await cutting(t, (connection, received) => connection > 1 || received < 3 * MEBIBYTE);
  const portico = client(t, { address: way.address });
  assert.ok((await portico.objects.read(bucket, "k")).equals(content));
  assert.ok(way.connections() > 1);
});

test("a call that may be repeated is, until the platform can be reached", async (t) => {
  const way = await cutting(t, (connection) => connection > 2);
  const portico = client(t, { address: way.address, attempts: 50 });
  await portico.buckets.list().all();
  assert.ok(way.connections() > 2);
});

test("a platform that is not there is unavailable", async (t) => {
  const way = await cutting(t, () => false);
  const portico = client(t, { address: way.address, attempts: 2, token: "unused" });
  await assert.rejects(portico.buckets.list().all(), Unavailable);
});

test("a platform of another authority is not spoken to", async (t) => {
  const profile = profileFolder(t);
  const portico = client(t, { profile, authorityFile: `${profile}/client.pem`, attempts: 1 });
  await assert.rejects(portico.health.check(), (error) => {
    assert.ok(error instanceof ProfileError);
    assert.equal(error.reason, "PLATFORM_UNKNOWN");
    return true;
  });
});

test("a trace goes from the client to the store", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  const traceId = await portico.trace("nightly", async (span) => {
    await portico.objects.put(bucket, "k", Buffer.from("x"));
    return span.traceId;
  });
  await portico.flush();
  const spans = await eventually(async () => {
    const found = await portico.traces.get(traceId).catch(() => undefined);
    const scopes = new Set(found?.spans.map((span) => span.scope));
    return ["sdk", "gateway", "objects"].every((scope) => scopes.has(scope)) ? found?.spans : undefined;
  }, `the trace ${traceId}`);
  assert.deepEqual(new Set(spans.map((span) => span.traceId)), new Set([traceId]));
  const way = [spans.find((span) => span.name === "objects.store.put")!];
  for (let parent; (parent = spans.find((span) => span.spanId === way[0]!.parentSpanId)); ) way.unshift(parent);
  assert.deepEqual(way.map((span) => span.scope), ["sdk", "sdk", "gateway", "objects", "objects"]);
  assert.equal(way[0]!.name, "nightly");
});

test("failed calls are listed with their rays", async (t) => {
  const portico = client(t);
  const missing = await portico.buckets.get("there-is-none").catch((error: unknown) => error);
  assert.ok(missing instanceof NotFound);
  await eventually(async () => {
    const [page] = await collect(portico.requestEvents.list({ failedOnly: true, pageSize: 100 }).pages());
    return page?.requestEvents.find((event) => event.rayId === missing.rayId);
  }, `the event of ${missing.rayId}`);
});

test("any service can be called by its contract", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  await portico.objects.put(bucket, "k", Buffer.from("hello"));
  const objects = portico.service(ObjectService);
  const name = `accounts/default/buckets/${bucket}/objects/k`;
  assert.equal((await objects.headObject({ name })).object?.sizeBytes, 5n);
  const messages = await collect(objects.getObject({ name }));
  assert.equal(Buffer.concat(messages.map((message) => message.data?.data ?? Buffer.of())).toString(), "hello");
});

test("zones and records are reached by their services", async (t) => {
  const portico = client(t);
  const [zones, records] = [portico.service(ZoneService), portico.service(RecordService)];
  const zoneId = `${randomBytes(6).toString("hex")}.example`;
  const { zone } = await zones.createZone({ parent: "accounts/default", zoneId });
  const name = zone?.name ?? "";
  await records.createRecord({ parent: name, record: { domainName: "@", data: { case: "a", value: "192.0.2.1" } } });
  const { zoneFile } = await records.exportZoneFile({ parent: name });
  assert.match(zoneFile, new RegExp(`^${zoneId}[.] IN A 192[.]0[.]2[.]1$`, "m"));
  await zones.deleteZone({ name, force: true });
  await assert.rejects(zones.getZone({ name }), NotFound);
});

test("what gRPC itself says is told in words", async (t) => {
  const away = client(t, { address: "127.0.0.1:1" }).withOptions({ attempts: 1 });
  await assert.rejects(away.buckets.get("b"), (error) => {
    assert.ok(error instanceof Unavailable);
    assert.match(error.message, /^the platform cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:1$/);
    return true;
  });
  const hasty = client(t).withOptions({ timeoutSeconds: 0.001 });
  await assert.rejects(hasty.buckets.get("b"), (error) => {
    assert.ok(error instanceof DeadlineExceeded);
    assert.match(error.message, /^the time for the call was over/);
    return true;
  });
  const closed = client(t);
  await closed.close();
  await assert.rejects(closed.buckets.get("b"), /the client is closed/);
});
