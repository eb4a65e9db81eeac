/**
 * Reading an object: a stream that goes on where it broke off, and checks at the end what arrived.
 *
 * A read that breaks is taken up again from its next byte, of the very same version (by its ETag); if that is gone
 * meanwhile, the read fails. Size and digest are checked when the whole object was read; of a range only the size. Where
 * the digest is wrong, what can be read again is: the way may be to blame, or what is stored.
 */

import { Readable } from "node:stream";

import type { MessageInitShape } from "@bufbuild/protobuf";

import { there } from "./buckets.js";
import { type Digest, same, verifierOf } from "./checksums.js";
import { DataLoss, PorticoError } from "./errors.js";
import type { GetObjectRequestSchema, GetObjectResponse, Object$ } from "./gen/portico/objects/v1/objects_pb.js";
import { ObjectService } from "./gen/portico/objects/v1/objects_pb.js";
import { Deadline, pauseSeconds } from "./retries.js";
import { pauseFor, type Session, type Stream } from "./session.js";

type Request = MessageInitShape<typeof GetObjectRequestSchema> & { name: string };

const MISMATCH = "CHECKSUM_MISMATCH";
const OTHER_BYTES = "other bytes came than were stored: get it again; if they come again, what is stored is damaged";
const DAMAGED = "twice other bytes came than its checksum says: what is stored is damaged; put it again from a copy";

/**
 * An object's bytes, read once from front to end: `for await (const chunk of reader)`, `await reader.bytes()`, or as a
 * Node stream, `reader.stream()`. Read it to its end, or close it.
 */
export class ObjectReader implements AsyncIterable<Uint8Array> {
  private stream_: Stream<GetObjectResponse> | undefined;
  private first: Uint8Array = new Uint8Array();
  private failures = 0;
  private verifier: { digest: Digest; expected: Uint8Array } | undefined;
  private metadata: Object$ | undefined;
  /** How many bytes have come. */
  receivedBytes = 0;
  /** Where in the object the bytes begin. */
  offsetBytes = 0;
  /** How many there are. */
  lengthBytes = 0;

  private constructor(
    private readonly session: Session,
    private readonly request: Request,
    private readonly second: boolean,
  ) {}

  /** Waits for the first message. Throws NotFound, FailedPrecondition, OutOfRange. */
  static async open(session: Session, request: Request, second = false): Promise<ObjectReader> {
    const reader = new ObjectReader(session, request, second);
    const message = await reader.open(request);
    reader.metadata = there(message.object);
    reader.offsetBytes = Number(message.offsetBytes);
    reader.lengthBytes = Number(message.lengthBytes);
    if (message.lengthBytes === reader.metadata.sizeBytes) reader.verifier = verifierOf(reader.metadata.checksums);
    return reader;
  }

  /** The object's metadata. */
  get object(): Object$ {
    return there(this.metadata);
  }

  /** The next bytes, as many as came at once; none at the end. Throws DataLoss where they are not those stored. */
  async chunk(): Promise<Uint8Array> {
    for (;;) {
      let data: Uint8Array;
      try {
        data = await this.next();
      } catch (error) {
        await this.resume(error);
        continue;
      }
      this.receivedBytes += data.length;
      this.judge(data);
      return data;
    }
  }

  /** The rest of the bytes, in memory. */
  async bytes(): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** The rest of the bytes as a Node stream; to destroy it ends the call. */
  stream(): Readable {
    return Readable.from(this, { objectMode: false });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let data = await this.chunk(); data.length > 0; data = await this.chunk()) yield data;
    } finally {
      this.close();
    }
  }

  /** Ends the call, also in the middle. */
  close(): void {
    this.stream_?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  private async open(request: Request): Promise<GetObjectResponse> {
    this.stream_ = await this.session.stream(ObjectService.method.getObject, request, true);
    const message = await this.stream_.read();
    if (message === undefined) throw this.failed("EMPTY_ANSWER", "the platform answered nothing: get it again");
    this.first = message.data?.data ?? new Uint8Array();
    return message;
  }

  private async next(): Promise<Uint8Array> {
    const { first } = this;
    this.first = new Uint8Array();
    if (first.length > 0) return first;
    for (let message = await this.stream_?.read(); message !== undefined; message = await this.stream_?.read()) {
      if (message.data !== undefined && message.data.data.length > 0) return message.data.data;
    }
    return new Uint8Array();
  }

  /** Goes on behind what came, of the same version; or throws the error, if it is not worth another try. */
  private async resume(error: unknown): Promise<void> {
    if (!(error instanceof PorticoError)) throw error;
    this.failures += 1;
    const pause = pauseSeconds(error, this.failures, this.session.options.attempts, new Deadline(null));
    if (pause === undefined) throw error;
    await pauseFor(pause, this.session.options.signal);
    const left = this.lengthBytes - this.receivedBytes;
    if (left === 0) return;
    await this.open({
      name: this.request.name,
      versionId: this.request.versionId ?? "",
      offsetBytes: BigInt(this.offsetBytes + this.receivedBytes),
      limitBytes: BigInt(left),
      conditions: { ifMatch: [this.object.etag] },
    });
  }

  private judge(data: Uint8Array): void {
    const short = data.length === 0 && this.receivedBytes < this.lengthBytes;
    if (this.receivedBytes > this.lengthBytes || short) {
      const told = `${this.lengthBytes} bytes were announced, ${this.receivedBytes} came: get it again`;
      throw this.failed("SIZE_MISMATCH", told);
    }
    if (data.length > 0) {
      this.failures = 0;
      this.verifier?.digest.update(data);
    } else if (this.verifier !== undefined) {
      const { digest, expected } = this.verifier;
      this.verifier = undefined;
      if (!same(digest.digest(), expected)) throw this.failed(MISMATCH, this.second ? DAMAGED : OTHER_BYTES);
    }
  }

  private failed(reason: string, told: string): DataLoss {
    const rayId = this.stream_?.rayId ?? "";
    this.close();
    return new DataLoss(`${this.request.name}: ${told}`, { reason, rayId });
  }
}

/**
 * Opens an object and hands it to `take`; does so once more where other bytes came than were stored: if they come again,
 * it is not the way that is to blame.
 */
export async function readWhole<Taken>(
  session: Session,
  request: Request,
  take: (reader: ObjectReader) => Promise<Taken>,
  repeatable = true,
): Promise<Taken> {
  for (let second = false; ; second = true) {
    const reader = await ObjectReader.open(session, request, second);
    try {
      return await take(reader);
    } catch (error) {
      const again = repeatable && !second && error instanceof DataLoss && error.reason === MISMATCH;
      if (!again) throw error;
    } finally {
      reader.close();
    }
  }
}
