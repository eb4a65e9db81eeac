/** What can be uploaded, as chunks of at most 256 KiB: bytes, a file's path, a Blob, or an iterable or stream of bytes. */

import { createReadStream, statSync } from "node:fs";

export const CHUNK_BYTES = 256 * 1024;

/** A file by its path; see `file`. */
export interface FilePath {
  readonly path: string;
}

/** What a put takes. A text is none of it: say `Buffer.from(text)` or `{path: text}`. */
export type Data = Uint8Array | ArrayBuffer | Blob | FilePath | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Bytes to send. `sizeBytes`: undefined if it is not known before; `replayable`: `chunks` may be asked for again;
 * `prompt`: the first chunk comes without waiting for somebody else.
 */
export interface Source {
  readonly sizeBytes: number | undefined;
  readonly replayable: boolean;
  readonly prompt: boolean;
  /** All bytes, where they are in memory. */
  readonly bytes?: Uint8Array;
  /** The file's path, where they are in one. */
  readonly path?: string;
  chunks(): AsyncIterable<Uint8Array>;
}

/** The source for what a caller gave. Throws TypeError for anything else, text above all. */
export function sourceOf(data: Data): Source {
  const given: unknown = data; // JavaScript gives what it likes
  if (given instanceof Uint8Array) return bytesSource(given);
  if (given instanceof ArrayBuffer) return bytesSource(new Uint8Array(given));
  if (given instanceof Blob) return blobSource(given);
  if (typeof given === "object" && given !== null) {
    if (Symbol.asyncIterator in given || Symbol.iterator in given) return iterableSource(data as Iterable<Uint8Array>);
    if ("path" in given && typeof given.path === "string") return fileSource(given.path);
  }
  if (typeof given === "string") {
    throw new TypeError("a text is neither bytes nor a path: give Buffer.from(text) or {path: text}");
  }
  throw new TypeError(`cannot upload a ${typeof given}: give bytes, {path}, a Blob, or an iterable or stream of bytes`);
}

function bytesSource(bytes: Uint8Array): Source {
  return {
    sizeBytes: bytes.length,
    replayable: true,
    prompt: true,
    bytes,
    async *chunks() {
      for (let start = 0; start < bytes.length; start += CHUNK_BYTES) yield bytes.subarray(start, start + CHUNK_BYTES);
    },
  };
}

function blobSource(blob: Blob): Source {
  return { sizeBytes: blob.size, replayable: true, prompt: true, chunks: () => cut(readBlob(blob)) };
}

async function* readBlob(blob: Blob): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < blob.size; start += CHUNK_BYTES) {
    yield new Uint8Array(await blob.slice(start, start + CHUNK_BYTES).arrayBuffer());
  }
}

/** A file by its path, opened anew for every try. Of a pipe or device the size is not known, and it is read once. */
function fileSource(path: string): Source {
  const status = statSync(path);
  if (status.isDirectory()) {
    throw Object.assign(new Error(`EISDIR: ${path} is a folder`), { code: "EISDIR", path });
  }
  const regular = status.isFile();
  return {
    sizeBytes: regular ? status.size : undefined,
    replayable: regular,
    prompt: regular,
    path,
    chunks: () => createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>,
  };
}

/** Pieces of any size, cut or joined to chunks. */
function iterableSource(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Source {
  return { sizeBytes: undefined, replayable: false, prompt: false, chunks: () => cut(pieces) };
}

async function* cut(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) {
      throw new TypeError(`the stream gave a ${typeof piece}, not bytes: open it without an encoding`);
    }
    pending.push(piece);
    pendingBytes += piece.length;
    if (pendingBytes < CHUNK_BYTES) continue;
    const joined = pending.length === 1 ? piece : Buffer.concat(pending);
    let start = 0;
    for (; joined.length - start >= CHUNK_BYTES; start += CHUNK_BYTES) yield joined.subarray(start, start + CHUNK_BYTES);
    pending = [joined.subarray(start)];
    pendingBytes = joined.length - start;
  }
  if (pendingBytes > 0) yield Buffer.concat(pending);
}
