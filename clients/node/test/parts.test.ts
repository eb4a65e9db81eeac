/** The parts that need no platform. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";

import { ROOT_CONTEXT, context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";

import { collect } from "./collect.js";
import { scratchFolder } from "./platform.js";
import { Credentials } from "../src/credentials.js";
import { Aborted, InvalidArgument, NotFound, ResourceExhausted, Unavailable } from "../src/errors.js";
import { nameOf } from "../src/names.js";
import { Deadline, pauseSeconds } from "../src/retries.js";
import { BucketService } from "../src/index.js";
import { Session, USUAL } from "../src/session.js";
import { CHUNK_BYTES, type Data, sourceOf } from "../src/sources.js";
import { outerTraceparent, Tracer } from "../src/tracing.js";
import type { Attempt, Transport } from "../src/transport.js";

test("only what may mend itself is tried again, within attempts and deadline", () => {
  const pause = (error: NotFound, failures = 1, seconds: number | null = null) =>
    pauseSeconds(error, failures, 5, new Deadline(seconds), () => 0.5);
  const gone = new Unavailable("gone");
  assert.deepEqual([1, 2, 3, 4, 5].map((failures) => pause(gone, failures)), [0.05, 0.1, 0.2, 0.4, undefined]);
  assert.equal(pauseSeconds(gone, 30, 99, new Deadline(null), () => 1), 5);
  assert.equal(pause(gone, 4, 0.3), undefined);
  assert.equal(pause(new NotFound("none")), undefined);
  assert.equal(pause(new ResourceExhausted("full")), undefined);
  assert.equal(pause(new Aborted("later", { retryAfterSeconds: 2 })), 2.05);
});

test("the newest policy revision goes along with each call, and one that is unknown is forgotten once", async () => {
  const sent: (string | undefined)[] = [];
  const answers: (bigint | Error)[] = [4n, 3n, 0n];
  const exchange = (_method: unknown, _requests: unknown, attempt: Attempt) => {
    sent.push(attempt.metadata.get("x-policy-revision"));
    const answer = answers.shift() ?? 0n;
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ message: {}, rayId: "", policyRevision: answer });
  };
  const credentials = { token: () => Promise.resolve("t") };
  const session = new Session(
    { exchange } as unknown as Transport,
    credentials as unknown as Credentials,
    new Tracer("node", "test"),
    USUAL,
  );
  const update = () => session.withOptions({}).call(BucketService.method.updateBucket, {});
  for (let calls = 0; calls < 3; calls++) await update();
  assert.deepEqual(sent.splice(0), [undefined, "4", "4"]);
  const unknown = new InvalidArgument("none", { reason: "POLICY_REVISION_UNKNOWN" });
  answers.push(unknown, 0n);
  await update();
  assert.deepEqual(sent.splice(0), ["4", undefined]);
  answers.push(unknown, unknown);
  await assert.rejects(update(), InvalidArgument);
  answers.push(new Unavailable("later", { reason: "POLICY_REVISION_BEHIND" }), 5n);
  await update();
  assert.equal(session.policyRevision.seen, 5n);
});

test("a name is an id of the own account, or whole", () => {
  assert.equal(nameOf("accounts/a", "buckets", "b"), "accounts/a/buckets/b");
  assert.equal(nameOf("accounts/a", "buckets", "accounts/x/buckets/b"), "accounts/x/buckets/b");
  for (const wrong of ["", "a/b", "accounts/x/objects/b", "accounts//buckets/b", "half \ud800"]) {
    assert.throws(() => nameOf("accounts/a", "buckets", wrong), InvalidArgument);
  }
});

test("pieces of any size become chunks of one size", async () => {
  const content = randomBytes(3 * CHUNK_BYTES + 5);
  const sizes = [1, CHUNK_BYTES - 1, 2 * CHUNK_BYTES, 0, 2];
  let start = 0;
  const pieces = sizes.map((size) => content.subarray(start, (start += size)));
  const chunks = await collect(sourceOf([...pieces, content.subarray(start)]).chunks());
  assert.deepEqual(chunks.map((chunk) => chunk.length), [CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES, 5]);
  assert.ok(Buffer.concat(chunks).equals(content));
});

test("a good token is used though the profile has an older one and its renewal fails", async (t) => {
  const folder = scratchFolder(t);
  const [held, older] = [3500, 7200].map((ageSeconds) => tokenOf(ageSeconds, 3600));
  fs.writeFileSync(path.join(folder, "token"), older ?? "", { mode: 0o600 });
  const pem = { certificate: "its", key: "own" };
  const profile = { address: "", account: "", name: "", folder, token: held ?? "", fixedToken: false, ...pem };
  const credentials = new Credentials(profile);
  Object.assign(credentials, { certificateChecked: true }); // it has none
  const failing = { withOptions: () => failing, call: () => Promise.reject(new Unavailable("gone")) };
  assert.equal(await credentials.token(failing as unknown as Session), held);
});

/** A JWT, as far as clients read one: when it was issued, and when it expires. */
function tokenOf(ageSeconds: number, lifeSeconds: number): string {
  const iat = Date.now() / 1000 - ageSeconds;
  const claims = Buffer.from(JSON.stringify({ iat, exp: iat + lifeSeconds })).toString("base64url");
  return `e30.${claims}.c2ln`;
}

test("a text is no bytes", () => {
  assert.throws(() => sourceOf("text" as unknown as Data), /Buffer.from/);
  assert.throws(() => sourceOf(undefined as unknown as Data), TypeError);
});

test("the application's own OpenTelemetry span goes on", (t) => {
  assert.equal(outerTraceparent(), "");
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  t.after(() => context.disable());
  const span = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 });
  const told = context.with(trace.setSpan(ROOT_CONTEXT, span), outerTraceparent);
  assert.equal(told, `00-${"1".repeat(32)}-${"2".repeat(16)}-01`);
});
