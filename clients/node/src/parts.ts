/** Large objects, and streams of which nobody knows the length, uploaded in parts, several at once. */

import { randomUUID } from "node:crypto";

import { create, type MessageInitShape } from "@bufbuild/protobuf";

import { there } from "./buckets.js";
import { md5Of } from "./checksums.js";
import { DataLoss, InvalidArgument } from "./errors.js";
import { HttpBodySchema } from "./gen/google/api/httpbody_pb.js";
import {
  ChecksumAlgorithm,
  type ConditionsSchema,
  type Object$,
  type ObjectMetadataSchema,
} from "./gen/portico/objects/v1/objects_pb.js";
import { type CreateMultipartUploadRequestSchema, type UploadPartRequestSchema, UploadService } from "./gen/portico/objects/v1/uploads_pb.js";
import type { Session } from "./session.js";
import { CHUNK_BYTES } from "./sources.js";
import type { Progress } from "./upload.js";

const METHODS = UploadService.method;
const MOST_PARTS = 10_000;

type Message = MessageInitShape<typeof UploadPartRequestSchema>;

/** What is to be made of the bytes, and how they are moved. */
export interface PartsUpload {
  readonly name: string;
  readonly metadata: MessageInitShape<typeof ObjectMetadataSchema>;
  readonly marks: Pick<MessageInitShape<typeof CreateMultipartUploadRequestSchema>, "tags" | "retention" | "legalHold">;
  readonly conditions: MessageInitShape<typeof ConditionsSchema> | undefined;
  readonly partBytes: number;
  readonly parallel: number;
  readonly progress: Progress | undefined;
}

/** Uploads the chunks; answers the object. An upload that fails is given up, and its parts are freed. */
export async function uploadInParts(
  session: Session,
  wanted: PartsUpload,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Object$> {
  const { name, metadata } = wanted;
  const checksumAlgorithm = ChecksumAlgorithm.CRC32;
  const begun = { name, metadata, ...wanted.marks, checksumAlgorithm, requestId: randomUUID() };
  const { uploadId } = there((await session.call(METHODS.createMultipartUpload, begun)).upload);
  try {
    const parts = await putAll(session, wanted, uploadId, chunks);
    const request = { name, uploadId, parts, ...(wanted.conditions && { conditions: wanted.conditions }) };
    return there((await session.call(METHODS.completeMultipartUpload, request, true)).object);
  } catch (error) {
    await session
      .withOptions({ signal: undefined })
      .call(METHODS.abortMultipartUpload, { name, uploadId })
      .catch(() => undefined); // what failed first is told
    throw error;
  }
}

/** Puts all parts, `parallel` at once; answers their numbers and ETags. */
async function putAll(
  session: Session,
  wanted: PartsUpload,
  uploadId: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ number: number; etag: string }[]> {
  const pieces = cut(chunks, wanted.partBytes);
  const done: { number: number; etag: string }[] = [];
  let next: Promise<unknown> = Promise.resolve();
  let number = 0;
  let doneBytes = 0;
  let failed = false;

  /** The next piece and its number; they are taken one after another. */
  const take = (): Promise<{ piece: Uint8Array; number: number } | undefined> => {
    const taken = next.then(async () => {
      const { value, done: ended } = failed ? { value: undefined, done: true } : await pieces.next();
      if (ended === true || value === undefined) return undefined;
      number += 1;
      if (number > MOST_PARTS) {
        throw new InvalidArgument(`the bytes do not fit into ${MOST_PARTS} parts of ${wanted.partBytes}: make them larger`);
      }
      return { piece: value, number };
    });
    next = taken.catch(() => undefined);
    return taken;
  };

  const worker = async (): Promise<void> => {
    try {
      for (let taken = await take(); taken !== undefined; taken = await take()) {
        const etag = await putPart(session, wanted.name, uploadId, taken.number, taken.piece);
        done.push({ number: taken.number, etag });
        doneBytes += taken.piece.length;
        wanted.progress?.(doneBytes);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };

  const outcomes = await Promise.allSettled(Array.from({ length: wanted.parallel }, worker));
  await pieces.return(undefined);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return done.sort((one, other) => one.number - other.number);
}

/** Sends the MD5 first: the platform keeps nothing that differs. Answers the part's ETag. */
async function putPart(
  session: Session,
  name: string,
  uploadId: string,
  partNumber: number,
  bytes: Uint8Array,
): Promise<string> {
  const md5 = await md5Of(bytes);
  const first = { name, uploadId, partNumber, checksums: { md5 }, sizeBytes: BigInt(bytes.length) };
  const seconds = session.options.transferTimeoutSeconds;
  const { part } = await session.exchange(METHODS.uploadPart, new Messages(first, bytes), seconds, true);
  const { etag } = there(part);
  if (etag !== Buffer.from(md5).toString("hex")) {
    const told = `part ${partNumber} of ${name} was stored with other bytes than were sent`;
    throw new DataLoss(told, { reason: "CHECKSUM_MISMATCH" });
  }
  return etag;
}

/** The request stream of a part, made anew for every try. */
class Messages implements AsyncIterable<Message> {
  constructor(
    private readonly first: Message,
    private readonly bytes: Uint8Array,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    let start = 0;
    do {
      const data = create(HttpBodySchema, { data: this.bytes.subarray(start, start + CHUNK_BYTES) });
      yield start === 0 ? { ...this.first, data } : { data };
      start += CHUNK_BYTES;
    } while (start < this.bytes.length);
  }
}

/** The same bytes in pieces of `pieceBytes`, but for the last; one of no bytes where there are none. */
async function* cut(chunks: AsyncIterable<Uint8Array>, pieceBytes: number): AsyncGenerator<Uint8Array, undefined> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let any = false;
  for await (const chunk of chunks) {
    held.push(chunk);
    heldBytes += chunk.length;
    while (heldBytes >= pieceBytes) {
      const joined = Buffer.concat(held);
      yield joined.subarray(0, pieceBytes);
      any = true;
      held = [joined.subarray(pieceBytes)];
      heldBytes -= pieceBytes;
    }
  }
  if (heldBytes > 0 || !any) yield Buffer.concat(held);
  return undefined;
}
