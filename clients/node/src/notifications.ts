/** Queues of notifications, and webhooks: what has happened to objects. Each is given by its id, or by its full name. */

import { there } from "./buckets.js";
import {
  type ListNotificationsRequestSchema,
  type ListNotificationsResponse,
  type ListNotificationsResponseSchema,
  type ListWebhooksRequestSchema,
  type ListWebhooksResponseSchema,
  type Notification,
  NotificationService,
  type RetryWebhookResponse,
  type TestWebhookResponse,
  type Webhook,
} from "./gen/portico/objects/v1/notifications_pb.js";
import { nameOf } from "./names.js";
import { Listing } from "./paging.js";
import type { Session } from "./session.js";

const METHODS = NotificationService.method;

export class Notifications {
  constructor(private readonly session: Session) {}

  /**
   * The oldest notifications of a queue that are not acknowledged, and how many were dropped unread.
   * Throws NotFound where no rule names the queue, and nothing was ever told to it.
   *
   * `limit`: how many at most; 0: 1,000. `startAfterSequence`: only those behind it. `waitSeconds`: for how long to wait for
   * one, where there is none; 20 at most.
   */
  read(
    queue: string,
    options: { limit?: number; startAfterSequence?: bigint; waitSeconds?: number } = {},
  ): Promise<ListNotificationsResponse> {
    const { limit = 0, startAfterSequence = 0n, waitSeconds = 0 } = options;
    const request = { parent: this.queue(queue), pageSize: limit, startAfterSequence, waitSeconds };
    return this.session.call(METHODS.listNotifications, request);
  }

  /** All notifications of a queue that are not acknowledged, the oldest first. */
  list(
    queue: string,
    { startAfterSequence = 0n, pageSize = 0 }: { startAfterSequence?: bigint; pageSize?: number } = {},
  ): Listing<Notification, typeof ListNotificationsRequestSchema, typeof ListNotificationsResponseSchema> {
    const request = { parent: this.queue(queue), startAfterSequence, pageSize };
    return new Listing(this.session, METHODS.listNotifications, request, (page) => page.notifications);
  }

  /**
   * Says that those up to this one are dealt with: they are told no more. Answers up to which they are now. Throws
   * FailedPrecondition (`NOTIFICATION_NOT_TOLD`) where there is no such one yet.
   */
  async acknowledge(queue: string, upToSequence: bigint): Promise<bigint> {
    const request = { parent: this.queue(queue), upToSequence };
    return (await this.session.call(METHODS.acknowledgeNotifications, request)).acknowledgedSequence;
  }

  /** The webhooks of the account with how they are, by name; with a `bucket` those that its rules name. */
  webhooks({ bucket = "", pageSize = 0 }: { bucket?: string; pageSize?: number } = {}): Listing<
    Webhook,
    typeof ListWebhooksRequestSchema,
    typeof ListWebhooksResponseSchema
  > {
    const named = bucket && nameOf(this.session.account, "buckets", bucket);
    const request = { parent: this.session.account, bucket: named, pageSize };
    return new Listing(this.session, METHODS.listWebhooks, request, (page) => page.webhooks);
  }

  /** One webhook. Throws NotFound (`WEBHOOK_NOT_FOUND`), as all that follows. */
  async webhook(webhook: string): Promise<Webhook> {
    return there((await this.session.call(METHODS.getWebhook, { name: this.name(webhook) })).webhook);
  }

  /** Sends it a `ping` now, and answers what came of it. */
  testWebhook(webhook: string): Promise<TestWebhookResponse> {
    return this.session.call(METHODS.testWebhook, { name: this.name(webhook) });
  }

  /**
   * Enables it again, and has what waits sent now. Answers how it is, and what was dropped.
   *
   * `dropWaiting`: what waits is dropped instead; `skipNotificationId`: this one is dropped, which is its
   * `nextNotificationId`, and those behind it are sent. Throws FailedPrecondition (`NOTIFICATION_NOT_NEXT`) if another one is
   * next.
   */
  retryWebhook(
    webhook: string,
    options: { dropWaiting?: boolean; skipNotificationId?: string } = {},
  ): Promise<RetryWebhookResponse> {
    return this.session.call(METHODS.retryWebhook, { name: this.name(webhook), ...options });
  }

  /**
   * A new secret for it, `whsec_…`, which is shown here and never again. One that was shown before goes on signing beside it
   * for 24 hours.
   */
  async rotateWebhookSecret(webhook: string): Promise<string> {
    return (await this.session.call(METHODS.rotateWebhookSecret, { name: this.name(webhook) })).secret;
  }

  private queue(queue: string): string {
    return nameOf(this.session.account, "queues", queue);
  }

  private name(webhook: string): string {
    return nameOf(this.session.account, "webhooks", webhook);
  }
}
