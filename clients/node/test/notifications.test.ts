/** What is told of objects, and what is done with whole buckets, on a real platform. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { FailedPrecondition, NotFound, NotificationRule_Event, Versioning, Webhook_State } from "../src/index.js";
import { bucketOf, client } from "./platform.js";

const { OBJECT_CREATED, OBJECT_DELETED } = NotificationRule_Event;

test("a queue tells what happened until it is acknowledged", async (t) => {
  const portico = client(t);
  const queue = `node-${randomBytes(4).toString("hex")}`;
  const bucket = await bucketOf(t, portico);
  const name = `accounts/${portico.profile.account}/queues/${queue}`;
  const rules = [{ queue: name, events: [OBJECT_CREATED, OBJECT_DELETED] }];
  const set = await portico.buckets.update(bucket, { settings: { notificationRules: rules } });
  assert.deepEqual(set.notificationRules.map((rule) => rule.queue), [name]);
  await portico.objects.put(bucket, "a", Buffer.from("12345"));
  await portico.objects.delete(bucket, "a");
  const { notifications } = await portico.notifications.read(queue, { waitSeconds: 20 });
  assert.deepEqual(
    notifications.map((one) => [one.sequence, one.event, one.sizeBytes]),
    [[1n, OBJECT_CREATED, 5n], [2n, OBJECT_DELETED, 5n]],
  );
  await assert.rejects(
    portico.notifications.acknowledge(queue, 3n),
    (error: FailedPrecondition) => error.reason === "NOTIFICATION_NOT_TOLD",
  );
  assert.equal(await portico.notifications.acknowledge(queue, 1n), 1n);
  assert.deepEqual((await portico.notifications.list(queue).all()).map((one) => one.sequence), [2n]);
  const emptied = await portico.buckets.update(bucket, { fields: ["notification_rules"], etag: set.etag });
  assert.deepEqual(emptied.notificationRules, []);
});

test("a webhook is listed, tried, skipped and given a new secret", async (t) => {
  const portico = client(t);
  const url = `https://${randomBytes(4).toString("hex")}.invalid/hook`; // a name that nothing stands for
  const bucket = await bucketOf(t, portico, {
    settings: { notificationRules: [{ webhookUrl: url, events: [OBJECT_CREATED] }] },
  });
  const [webhook] = await portico.notifications.webhooks({ bucket }).all();
  assert.ok(webhook);
  assert.equal(webhook.url, url);
  const tested = await portico.notifications.testWebhook(webhook.name);
  assert.deepEqual([tested.succeeded, tested.httpStatus], [false, 0]);
  assert.match(await portico.notifications.rotateWebhookSecret(webhook.name), /^whsec_/);
  for (const key of ["a", "b", "c"]) await portico.objects.put(bucket, key, Buffer.from("x"));
  const { nextNotificationId } = await portico.notifications.webhook(webhook.name);
  const skipped = await portico.notifications.retryWebhook(webhook.name, { skipNotificationId: nextNotificationId });
  assert.equal(skipped.droppedNotifications, 1n);
  assert.match(skipped.skippedNotification?.object ?? "", /\/objects\/a$/);
  await assert.rejects(
    portico.notifications.retryWebhook(webhook.name, { skipNotificationId: nextNotificationId }),
    (error: FailedPrecondition) => error.reason === "NOTIFICATION_NOT_NEXT",
  );
  const dropped = await portico.notifications.retryWebhook(webhook.name, { dropWaiting: true });
  assert.equal(dropped.droppedNotifications, 2n);
  assert.notEqual(dropped.webhook?.state, Webhook_State.DISABLED);
  await assert.rejects(portico.notifications.webhook("0".repeat(32)), NotFound);
});

test("a bucket's bytes are read again and moved where they should be", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  await portico.objects.put(bucket, "a", randomBytes(200_000));
  const scrubbed = await portico.buckets.scrub(bucket);
  assert.equal(scrubbed.progress?.versions, 1n);
  const relocated = await portico.buckets.relocate(bucket);
  assert.equal(relocated.progress?.movedVersions, 0n, "there is one store, and it is there");
  assert.equal((await portico.buckets.update(bucket, { versioning: Versioning.ENABLED })).versioning, Versioning.ENABLED);
  const report = await portico.objectUsage.report();
  assert.match(report.month, /^20[0-9]{2}-[0-9]{2}$/);
  await assert.rejects(portico.buckets.relocate("not-there-at-all"), NotFound);
});
