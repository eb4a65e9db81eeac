/** A platform's products behind one connection. */

import type { DescService } from "@bufbuild/protobuf";

import { Buckets } from "./buckets.js";
import { Health } from "./health.js";
import { Notifications } from "./notifications.js";
import { Objects } from "./objects.js";
import { Operations } from "./operations.js";
import type { Profile } from "./profiles.js";
import { type Service, serviceOf } from "./service.js";
import type { Options, Session } from "./session.js";
import { RequestEvents, Traces } from "./telemetry.js";
import { Tokens } from "./tokens.js";
import type { Span } from "./tracing.js";
import { ObjectUsage } from "./usage.js";

/** A platform. Made by `connect`; close it, or say `await using client = connect()`. */
export class Client {
  /** Buckets of the object storage. */
  readonly buckets: Buckets;
  /** Objects of the object storage. */
  readonly objects: Objects;
  /** What has happened to objects: queues and webhooks. */
  readonly notifications: Notifications;
  /** What is used of the object storage. */
  readonly objectUsage: ObjectUsage;
  /** What the platform recorded of traces. */
  readonly traces: Traces;
  /** What the platform recorded of calls. */
  readonly requestEvents: RequestEvents;
  /** Tokens and certificates. */
  readonly tokens: Tokens;
  /** Work longer than a call. */
  readonly operations: Operations;
  /** Whether the platform and its products serve. */
  readonly health: Health;

  constructor(
    private readonly session: Session,
    private readonly owner = true,
  ) {
    this.buckets = new Buckets(session);
    this.objects = new Objects(session);
    this.notifications = new Notifications(session);
    this.objectUsage = new ObjectUsage(session);
    this.traces = new Traces(session);
    this.requestEvents = new RequestEvents(session);
    this.tokens = new Tokens(session);
    this.operations = new Operations(session);
    this.health = new Health(session);
  }

  /** The profile in use. */
  get profile(): Profile {
    return this.session.credentials.profile;
  }

  /** The ray id of this client's last call that ended: what to name when asking why. Empty before the first. */
  get lastRayId(): string {
    return this.session.lastRayId;
  }

  /**
   * The newest policy revision that an answer named; 0 before the first. Each call sends it on, so none is decided by older
   * policies. `client.policyRevision = other.policyRevision` hands it on.
   */
  get policyRevision(): bigint {
    return this.session.policyRevision.seen;
  }

  set policyRevision(revision: bigint) {
    this.session.policyRevision.note(revision);
  }

  /**
   * What `work` calls is recorded as one trace, below one span of that name: `client.trace("nightly", async (span) => …)`.
   *
   * `span.traceId` is what `portico trace` takes. Spans are handed to the platform when the client is closed, or by `flush`.
   */
  trace<Result>(name: string, work: (span: Span) => Promise<Result>): Promise<Result> {
    return this.session.tracer.trace(name, work);
  }

  /** A client with other options on the same connection: `client.withOptions({timeoutSeconds: 2}).buckets.get("b")`. */
  withOptions(changes: Partial<Options>): Client {
    return new Client(this.session.withOptions(changes), false);
  }

  /**
   * A contract's service on this client, for what it has no method for: `client.service(ObjectService)`. Calls are made as
   * the client's own: with token and retries, and they throw its errors.
   */
  service<S extends DescService>(service: S): Service<S> {
    return serviceOf(this.session, service);
  }

  /** Hands recorded spans to the platform now. */
  flush(): Promise<void> {
    return this.session.handInSpans();
  }

  /** Hands in spans and ends the connection, with what is in flight. Does nothing for a client of `withOptions`. */
  async close(): Promise<void> {
    if (!this.owner) return;
    await this.flush();
    this.session.transport.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
