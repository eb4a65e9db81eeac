/** Calls as a product's client makes them: token, deadline, retries, typed errors, ray id and spans. */

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

import type { Credentials } from "./credentials.js";
import { Cancelled, DeadlineExceeded, PorticoError } from "./errors.js";
import { TraceService } from "./gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import { factsOf } from "./methods.js";
import { Deadline, pauseSeconds } from "./retries.js";
import { PolicyRevision, REVISION_BEHIND, REVISION_HEADER, REVISION_UNKNOWN } from "./revisions.js";
import { codeOf, outerTraceparent, type Span, traceparentOf, type Tracer } from "./tracing.js";
import type { Attempt, Method, Requests, ResponseStream, Transport } from "./transport.js";

/** How calls are made. */
export interface Options {
  /** For a call with all its retries; 60 at first, null for none. */
  readonly timeoutSeconds: number | null;
  /** For a put or a get as a whole; none at first: a dead connection is found by pings. */
  readonly transferTimeoutSeconds: number | null;
  /** How often a call whose repetition does no harm is tried in all; 5 at first. */
  readonly attempts: number;
  /** Record each call as a trace of its own, unless it stands in one. */
  readonly trace: boolean;
  /** Sent with every call. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Cancels the calls: they throw Cancelled. */
  readonly signal: AbortSignal | undefined;
}

export const USUAL: Options = {
  timeoutSeconds: 60,
  transferTimeoutSeconds: null,
  attempts: 5,
  trace: false,
  metadata: {},
  signal: undefined,
};

const HAND_IN_SECONDS = 5;
const STALE_TOKEN: readonly string[] = ["TOKEN_EXPIRED", "SIGNATURE_INVALID", "ISSUER_UNKNOWN", "CERTIFICATE_MISMATCH"];
const REFUSED_HANDSHAKE: readonly string[] = ["CERTIFICATE_REFUSED", "PLATFORM_UNKNOWN"];
const EXPORT = TraceService.method.export;

/** Makes calls over one transport. `withOptions` answers another session on the same one. */
export class Session {
  constructor(
    readonly transport: Transport,
    readonly credentials: Credentials,
    readonly tracer: Tracer,
    readonly options: Options,
    private readonly last: { rayId: string } = { rayId: "" },
    readonly policyRevision: PolicyRevision = new PolicyRevision(),
  ) {}

  /** `accounts/{account}`. */
  get account(): string {
    return `accounts/${this.credentials.profile.account}`;
  }

  /** The ray id of the last call that ended; empty before the first. */
  get lastRayId(): string {
    return this.last.rayId;
  }

  withOptions(changes: Partial<Options>): Session {
    const options = { ...this.options, ...changes };
    return new Session(this.transport, this.credentials, this.tracer, options, undefined, this.policyRevision);
  }

  /** A call of one message there and one back. Gives the request an id if it takes one. */
  call<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    request: MessageInitShape<I>,
    repeatable = false,
  ): Promise<MessageShape<O>> {
    const facts = factsOf(method);
    let sent = request;
    if (facts.requestId && !(request as { requestId?: string }).requestId) sent = { ...request, requestId: randomUUID() };
    const again = repeatable || facts.repeatable || facts.requestId;
    return this.exchange(method, sent, this.options.timeoutSeconds, again);
  }

  /** A call that answers one message, with retries where it is repeatable (then a request stream can be iterated anew). */
  exchange<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    requests: Requests<I>,
    timeoutSeconds: number | null,
    repeatable: boolean,
  ): Promise<MessageShape<O>> {
    return this.attempts(method, new Deadline(timeoutSeconds), repeatable, async (attempt, span) => {
      try {
        const reply = await this.transport.exchange(method, requests, attempt);
        this.end(span, undefined, reply.rayId);
        this.policyRevision.note(reply.policyRevision);
        return reply.message;
      } catch (error) {
        this.end(span, error);
        throw error;
      }
    });
  }

  /** Begins a call that answers a stream and waits for its first message; retries until that is there. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    requests: Requests<I>,
    repeatable: boolean,
  ): Promise<Stream<MessageShape<O>>> {
    const deadline = new Deadline(this.options.transferTimeoutSeconds);
    return this.attempts(method, deadline, repeatable, async (attempt, span) => {
      const responses = this.transport.open(method, requests, attempt);
      const stream = new Stream(responses, (error) => this.end(span, error, responses.rayId));
      await stream.begin();
      return stream;
    });
  }

  /** Sends the ended spans to the platform. Telling of a call must not fail it: errors are dropped. */
  async handInSpans(): Promise<void> {
    const request = this.tracer.take();
    if (request === undefined) return;
    const before = this.last.rayId;
    await this.exchange(EXPORT, request, HAND_IN_SECONDS, false).catch(() => undefined);
    this.last.rayId = before;
  }

  /**
   * Makes attempts until one succeeds or another would be of no use. A token that is refused as stale is renewed once: the
   * gateway refuses before anything happens, so that is safe for every request that can be sent again. Where the handshake
   * fails, that is safe, too, and the profile's files may be newer than what we have. And where policies are behind those
   * that we have seen, or we have seen some that are not the platform's.
   */
  private async attempts<I extends DescMessage, O extends DescMessage, Result>(
    method: Method<I, O>,
    deadline: Deadline,
    repeatable: boolean,
    make: (attempt: Attempt, span: Span | undefined) => Promise<Result>,
  ): Promise<Result> {
    const { path, anonymous } = factsOf(method);
    const { signal } = this.options;
    let renewed = isRequestStream(method) && !repeatable;
    let looked = renewed;
    let forgot = renewed;
    const once = renewed;
    for (let failures = 0; ; ) {
      const token = anonymous ? "" : await this.credentials.token(this);
      const metadata = new Map(Object.entries(this.options.metadata));
      if (token) metadata.set("authorization", `Bearer ${token}`);
      const { seen } = this.policyRevision;
      if (seen > 0n) metadata.set(REVISION_HEADER, String(seen));
      const leftSeconds = deadline.leftSeconds();
      if (leftSeconds === 0) {
        throw new DeadlineExceeded("the time for the call was over before it was sent: give it longer");
      }
      const span = this.begin(path, method === (EXPORT as unknown), metadata);
      try {
        return await make({ leftSeconds, metadata, signal }, span);
      } catch (error) {
        if (!(error instanceof PorticoError)) throw error;
        if (STALE_TOKEN.includes(error.reason) && !renewed && this.credentials.refuse(token)) {
          renewed = true;
          continue;
        }
        if (REFUSED_HANDSHAKE.includes(error.reason) && !looked) {
          looked = true;
          if (this.credentials.lookAgain(this)) continue;
        }
        if (error.reason === REVISION_UNKNOWN && !forgot) {
          forgot = true;
          this.policyRevision.forget(seen);
          continue;
        }
        failures += 1;
        const again = repeatable || (error.reason === REVISION_BEHIND && !once);
        const pause = again ? pauseSeconds(error, failures, this.options.attempts, deadline) : undefined;
        if (pause === undefined) throw error;
        await pauseFor(pause, signal);
      }
    }
  }

  private begin(path: string, silent: boolean, metadata: Map<string, string>): Span | undefined {
    if (silent) return undefined;
    const span = this.tracer.begin(path.slice(1), this.options.trace);
    if (span !== undefined) {
      span.attributes["rpc.system.name"] = "grpc";
      span.attributes["rpc.method"] = path.slice(1);
    }
    const traceparent = span === undefined ? outerTraceparent() : traceparentOf(span);
    if (traceparent) metadata.set("traceparent", traceparent);
    return span;
  }

  private end(span: Span | undefined, error: unknown, rayId = ""): void {
    const ray = rayId || (error instanceof PorticoError ? error.rayId : "");
    this.last.rayId = ray;
    if (span === undefined) return;
    if (ray) span.attributes["portico.ray_id"] = ray;
    this.tracer.end(span, error === undefined ? "" : codeOf(error));
  }
}

/** A call that answers a stream of messages; its first one has come, or its end. */
export class Stream<Message> {
  private first: Message | undefined;
  private ended = false;

  constructor(
    private readonly responses: ResponseStream<Message>,
    private readonly tell: (error: unknown) => void,
  ) {}

  get rayId(): string {
    return this.responses.rayId;
  }

  /** Waits for the first message. */
  async begin(): Promise<void> {
    this.first = await this.next();
  }

  /** The next message; undefined at the end. */
  async read(): Promise<Message | undefined> {
    const { first } = this;
    this.first = undefined;
    return first ?? this.next();
  }

  /** Ends the call, also in the middle. */
  close(): void {
    if (this.ended) return;
    this.responses.close();
    this.finish(undefined);
  }

  private async next(): Promise<Message | undefined> {
    if (this.ended) return undefined;
    try {
      const message = await this.responses.read();
      if (message === undefined) this.finish(undefined);
      return message;
    } catch (error) {
      this.finish(error);
      throw error;
    }
  }

  private finish(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.tell(error);
  }
}

function isRequestStream(method: { methodKind: string }): boolean {
  return method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
}

/** Waits; throws Cancelled if the caller does not want to any more. */
export async function pauseFor(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(seconds * 1000, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new Cancelled("the call was cancelled between two tries", { cause: error });
  }
}
