/** The request stream of a put: the first message says what it is, and every message but that of an empty object carries
 * bytes. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";

import { type Digest, md5, same } from "./checksums.js";
import { DataLoss } from "./errors.js";
import { HttpBodySchema } from "./gen/google/api/httpbody_pb.js";
import type { Object$, PutObjectRequestSchema } from "./gen/portico/objects/v1/objects_pb.js";
import type { Source } from "./sources.js";

/** Told how many bytes were sent or received so far. */
export type Progress = (bytes: number) => void;

type Message = MessageInitShape<typeof PutObjectRequestSchema>;

/** A put's messages, made anew for every try. Counts and digests the bytes as they go out. */
export class Upload implements AsyncIterable<Message> {
  private digest: Digest | undefined;
  private sentBytes = 0;

  /** `checked`: the first message holds a digest, by which the platform checks. */
  constructor(
    private readonly first: Message,
    private readonly source: Source,
    private readonly checked: boolean,
    private readonly progress: Progress | undefined,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    this.sentBytes = 0;
    this.digest = this.checked ? undefined : md5();
    let pending: Message | undefined = this.first;
    if (!this.source.prompt) {
      yield pending; // the platform waits some seconds for the first message only
      pending = undefined;
    }
    for await (const data of this.source.chunks()) {
      this.sentBytes += data.length;
      this.digest?.update(data);
      yield { ...pending, data: create(HttpBodySchema, { data }) };
      pending = undefined;
      this.progress?.(this.sentBytes);
    }
    if (pending !== undefined) yield pending;
  }

  /** Compares what was stored with what was sent. Throws DataLoss. */
  check(stored: Object$): void {
    if (stored.sizeBytes !== BigInt(this.sentBytes)) {
      const told = `${stored.name} was stored with ${stored.sizeBytes} bytes, ${this.sentBytes} were sent: put it again`;
      throw new DataLoss(told, { reason: "SIZE_MISMATCH" });
    }
    const expected = stored.checksums?.md5 ?? new Uint8Array();
    if (this.digest !== undefined && expected.length > 0 && !same(this.digest.digest(), expected)) {
      const told = `${stored.name} was stored with other bytes than were sent: put it again`;
      throw new DataLoss(told, { reason: "CHECKSUM_MISMATCH" });
    }
  }
}
