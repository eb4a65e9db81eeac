/** Makes calls, once each, over one connection of `@grpc/grpc-js`. Failures are already this client's errors. */

import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";

import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";

import { Cancelled, DeadlineExceeded, PorticoError, ProfileError } from "./errors.js";
import { errorOf, rayOf } from "./failures.js";
import { factsOf } from "./methods.js";
import type { Profile } from "./profiles.js";
import { revisionOf } from "./revisions.js";

const LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024;
const ADDRESS_WITHOUT_NAME = "address.invalid"; // RFC 2606
const KEEPALIVE_SECONDS = 30;
const KEEPALIVE_ANSWER_SECONDS = 10;

/** A contract's method with its messages' types. */
export type Method<I extends DescMessage, O extends DescMessage> = DescMethod & { input: I; output: O };

/** What a call sends: a message, or the messages of a request stream. */
export type Requests<I extends DescMessage> = MessageInitShape<I> | AsyncIterable<MessageInitShape<I>>;

/** How one attempt is made. `leftSeconds`: Infinity for no deadline. */
export interface Attempt {
  readonly leftSeconds: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly signal: AbortSignal | undefined;
}

/**
 * The message that a call answered, the call's ray id (empty if the platform sent none), and the policy revision that it
 * made or was decided by (0 if it said none).
 */
export interface Reply<Message> {
  readonly message: Message;
  readonly rayId: string;
  readonly policyRevision: bigint;
}

export class Transport {
  private client: grpc.Client | undefined;
  private readonly former: grpc.Client[] = [];
  private readonly closing = new AbortController();

  constructor(private profile: Profile) {}

  /** Later calls go by a new connection with this profile's certificate; those in flight end on the old one. */
  reconnect(profile: Profile): void {
    this.profile = profile;
    if (this.client !== undefined) this.former.push(this.client);
    this.client = undefined;
  }

  /** Ends what is in flight, and the connections. */
  close(): void {
    this.closing.abort(new Error("the client was closed"));
    for (const client of [...this.former.splice(0), ...(this.client ? [this.client] : [])]) client.close();
    this.client = undefined;
  }

  /** A call that answers one message. */
  exchange<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    requests: Requests<I>,
    attempt: Attempt,
  ): Promise<Reply<MessageShape<O>>> {
    return new Promise((resolve, reject) => {
      let headers: grpc.Metadata | undefined;
      const over = new AbortController();
      const answered = (failure: grpc.ServiceError | null, message?: MessageShape<O>): void => {
        over.abort();
        if (failure !== null || message === undefined) reject(errorOf(failure, headers));
        else resolve({ message, rayId: rayOf(headers), policyRevision: revisionOf(headers) });
      };
      const begun = this.begin(method, requests, attempt, over.signal, reject, (client, ...named) =>
        isStream(requests)
          ? client.makeClientStreamRequest(...named, answered)
          : client.makeUnaryRequest(named[0], named[1], named[2], requests, named[3], named[4], answered),
      );
      begun?.call.on("metadata", (metadata: grpc.Metadata) => (headers = metadata));
    });
  }

  /** Begins a call that answers a stream; failures show at the first message. */
  open<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    requests: Requests<I>,
    attempt: Attempt,
  ): ResponseStream<MessageShape<O>> {
    const over = new AbortController();
    let refused: unknown;
    const failed = (error: unknown): void => void (refused ??= error);
    const begun = this.begin(method, requests, attempt, over.signal, failed, (client, ...named) =>
      isStream(requests)
        ? client.makeBidiStreamRequest(...named)
        : client.makeServerStreamRequest(named[0], named[1], named[2], requests, named[3], named[4]),
    );
    const call = begun?.call as grpc.ClientReadableStream<MessageShape<O>> | undefined;
    return new ResponseStream(call, begun?.cancel ?? (() => undefined), over, () => refused);
  }

  /**
   * Begins a call, feeds its request stream if it has one, and ends it early with the caller's signal, at its deadline or
   * with an error of the stream's source: `failed` is told, and before what gRPC then says.
   */
  private begin<I extends DescMessage, O extends DescMessage, Call extends grpc.Call>(
    method: Method<I, O>,
    requests: Requests<I>,
    attempt: Attempt,
    over: AbortSignal,
    failed: (error: unknown) => void,
    make: (client: grpc.Client, ...named: Named<I, O>) => Call,
  ): { call: Call; cancel: () => void } | undefined {
    const signal = AbortSignal.any([this.closing.signal, ...(attempt.signal ? [attempt.signal] : [])]);
    if (signal.aborted) {
      const told = this.closing.signal.aborted ? "the client is closed" : "the call was cancelled before it was sent";
      failed(new Cancelled(told, { cause: signal.reason }));
      return undefined;
    }
    const streamed = isStream(requests);
    let call: Call;
    try {
      call = make(this.connected(), ...named(method, attempt, streamed));
    } catch (error) {
      failed(error);
      return undefined;
    }
    const cancel = streamed ? () => spoil(call as unknown as Writer) : () => call.cancel();
    const stop = (error: unknown): void => {
      failed(error);
      cancel();
    };
    const abort = (): void => stop(new Cancelled("the call was cancelled", { cause: signal.reason }));
    signal.addEventListener("abort", abort, { signal: over });
    if (streamed) {
      endAt(attempt.leftSeconds, over, () => stop(new DeadlineExceeded("the time for the call was over")));
      feed(call as unknown as Writer, requests, over).catch(stop);
    }
    return { call, cancel };
  }

  private connected(): grpc.Client {
    this.client ??= new grpc.Client(this.profile.address, credentialsOf(this.profile), optionsOf(this.profile));
    return this.client;
  }
}

/** A call's answers, one after another. Close it, or read it to its end. */
export class ResponseStream<Message> {
  private readonly messages: AsyncIterator<Message> | undefined;
  private headers: grpc.Metadata | undefined;

  constructor(
    call: grpc.ClientReadableStream<Message> | undefined,
    private readonly cancel: () => void,
    private readonly over: AbortController,
    private readonly refused: () => unknown,
  ) {
    call?.on("metadata", (metadata: grpc.Metadata) => (this.headers = metadata));
    call?.on("error", () => this.over.abort()); // told where it is read
    this.messages = call?.[Symbol.asyncIterator]() as AsyncIterator<Message> | undefined;
  }

  /** The ray id in the headers; there with the first message. */
  get rayId(): string {
    return rayOf(this.headers);
  }

  /** The next message; undefined at the end. */
  async read(): Promise<Message | undefined> {
    try {
      const next = await this.messages?.next();
      if (this.refused() !== undefined) throw this.refused();
      if (next !== undefined && next.done !== true) return next.value;
    } catch (error) {
      this.over.abort();
      throw this.refused() ?? (error instanceof PorticoError ? error : errorOf(error, this.headers));
    }
    this.over.abort();
    return undefined;
  }

  /** Ends the call, also in the middle. */
  close(): void {
    this.over.abort();
    this.cancel();
  }
}

type Named<I extends DescMessage, O extends DescMessage> = [
  path: string,
  serialize: (request: MessageInitShape<I>) => Buffer,
  deserialize: (bytes: Buffer) => MessageShape<O>,
  metadata: grpc.Metadata,
  options: grpc.CallOptions,
];

function named<I extends DescMessage, O extends DescMessage>(
  method: Method<I, O>,
  attempt: Attempt,
  streamed: boolean,
): Named<I, O> {
  const metadata = new grpc.Metadata();
  for (const [key, value] of attempt.metadata) metadata.set(key, value);
  const limited = Number.isFinite(attempt.leftSeconds);
  if (limited && streamed) metadata.set("grpc-timeout", timeoutOf(attempt.leftSeconds));
  return [
    factsOf(method).path,
    (request) =>
      request === SPOILT ? NO_MESSAGE : asBuffer(toBinary<DescMessage>(method.input, create(method.input, request))),
    (bytes) => fromBinary(method.output, bytes),
    metadata,
    limited && !streamed ? { deadline: Date.now() + attempt.leftSeconds * 1000 } : {},
  ];
}

// To cancel a stream, Node's http2 first ends it in order: the platform would take half of the messages for all of them,
// and store half an object. So what ends early is first spoilt by bytes that are no message, which the platform refuses.
// gRPC's own deadline cancels as Node does; so for a request stream only the platform is told of it, and we keep it.
const SPOILT: unknown = Symbol("spoilt");
const NO_MESSAGE = Buffer.of(0xff); // a varint that does not end

type Writer = NodeJS.EventEmitter & {
  write(message: unknown, taken?: () => void): boolean;
  end(): void;
  cancel(): void;
  readonly writableEnded: boolean;
};

/** Ends a call whose request stream is open, so that the platform takes nothing of it. */
function spoil(call: Writer): void {
  if (call.writableEnded) call.cancel();
  else call.write(SPOILT, () => call.cancel());
}

/** As the header `grpc-timeout` has it: at most eight digits, and a unit. */
function timeoutOf(seconds: number): string {
  const milliseconds = Math.max(1, Math.ceil(seconds * 1000));
  return milliseconds < 1e8 ? `${milliseconds}m` : `${Math.min(Math.ceil(seconds), 99_999_999)}S`;
}

/** Calls `end` after so many seconds, unless it is over before. */
function endAt(leftSeconds: number, over: AbortSignal, end: () => void): void {
  if (leftSeconds * 1000 >= 2 ** 31) return; // the longest that timers know, 24 days
  const timer = setTimeout(end, leftSeconds * 1000);
  over.addEventListener("abort", () => clearTimeout(timer), { once: true });
}

/** Sends the messages as fast as they are taken, until the call is over. */
async function feed(call: Writer, messages: AsyncIterable<unknown>, over: AbortSignal): Promise<void> {
  const ended = new Promise<undefined>((resolve) => {
    over.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), ended]);
      if (over.aborted || next === undefined) return;
      if (next.done === true) {
        call.end();
        return;
      }
      if (!call.write(next.value)) await Promise.race([new Promise((resolve) => call.once("drain", resolve)), ended]);
    }
  } finally {
    void Promise.resolve(iterator.return?.()).catch(() => undefined); // what it holds is let go, whenever it gets there
  }
}

function isStream<I extends DescMessage>(requests: Requests<I>): requests is AsyncIterable<MessageInitShape<I>> {
  return Symbol.asyncIterator in requests;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** TLS: the platform must have a certificate of the profile's authority; we show the profile's own. */
function credentialsOf(profile: Profile): grpc.ChannelCredentials {
  if ((profile.certificate === undefined) !== (profile.key === undefined)) {
    const missing = profile.key === undefined ? "client.key" : "client.pem";
    const told = `the profile ${profile.name} lacks ${missing}: both or neither`;
    throw new ProfileError(told, { reason: "PROFILE_UNREADABLE" });
  }
  const [authority, key, certificate] = [profile.authority, profile.key, profile.certificate].map((pem) =>
    pem === undefined ? null : Buffer.from(pem),
  );
  try {
    const host = hostOf(profile.address);
    const check = (_name: string, cert: Parameters<typeof checkServerIdentity>[1]) => checkServerIdentity(host, cert);
    return grpc.credentials.createSsl(authority, key, certificate, isIP(host) ? { checkServerIdentity: check } : {});
  } catch (error) {
    throw new ProfileError(
      "ca.pem, client.pem or client.key cannot be used: not PEM, or the key is another certificate's",
      { reason: "PROFILE_UNREADABLE", cause: error },
    );
  }
}

/** Our own retries instead of gRPC's, dead connections found by pings, no proxy to this machine. */
function optionsOf(profile: Profile): grpc.ClientOptions {
  const host = hostOf(profile.address);
  return {
    "grpc.max_receive_message_length": LARGEST_MESSAGE_BYTES,
    "grpc.max_send_message_length": LARGEST_MESSAGE_BYTES,
    "grpc.keepalive_time_ms": KEEPALIVE_SECONDS * 1000,
    "grpc.keepalive_timeout_ms": KEEPALIVE_ANSWER_SECONDS * 1000,
    "grpc.enable_retries": 0,
    "grpc.per_rpc_retry_buffer_size": 0, // a message is taken when it is sent, not when it is kept for another try
    "grpc.enable_http_proxy": isLoopback(host) ? 0 : 1,
    "grpc.use_local_subchannel_pool": 1, // a new certificate needs a new connection
    "grpc.primary_user_agent": "portico-node",
    // An address is no name that TLS could ask for (RFC 6066); the certificate is compared with the address all the same.
    ...(isIP(host) && { "grpc.ssl_target_name_override": ADDRESS_WITHOUT_NAME }),
  };
}

function hostOf(address: string): string {
  return address.slice(0, Math.max(0, address.lastIndexOf(":"))).replace(/^\[|\]$/g, "");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
