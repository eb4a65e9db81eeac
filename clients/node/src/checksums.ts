/** Checks bytes that arrive against whichever of an object's digests can be computed. */

import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import * as zlib from "node:zlib";

import { type Checksums, ChecksumType } from "./gen/portico/objects/v1/objects_pb.js";

/** A running digest. */
export interface Digest {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
}

const PIECE_BYTES = 4 * 1024 * 1024;

/** RFC 1321: against errors, not against attackers. */
export function md5(): Digest {
  return createHash("md5");
}

/** The MD5 of bytes in memory; others get a turn in between. */
export async function md5Of(bytes: Uint8Array): Promise<Uint8Array> {
  const digest = md5();
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    if (start > 0) await turn();
    digest.update(bytes.subarray(start, start + PIECE_BYTES));
  }
  return digest.digest();
}

/** A running digest and what it must come to; undefined if none is known that is computed here, or none of an object's
 * bytes, but of its parts' digests. */
export function verifierOf(checksums: Checksums | undefined): { digest: Digest; expected: Uint8Array } | undefined {
  if (checksums === undefined) return undefined;
  const { md5: md5Bytes, crc32, sha256, sha1 } = checksums;
  if (md5Bytes.length > 0) return { digest: md5(), expected: md5Bytes };
  if (checksums.type === ChecksumType.COMPOSITE) return undefined;
  if (crc32.length > 0 && typeof zlib.crc32 === "function") return { digest: new Crc32(), expected: crc32 };
  if (sha256.length > 0) return { digest: createHash("sha256"), expected: sha256 };
  if (sha1.length > 0) return { digest: createHash("sha1"), expected: sha1 };
  return undefined;
}

/** Whether two digests are the same. */
export function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** ISO 3309, with the face of a hash. */
class Crc32 implements Digest {
  private value = 0;

  update(data: Uint8Array): void {
    this.value = zlib.crc32(data, this.value);
  }

  digest(): Uint8Array {
    const answer = Buffer.alloc(4);
    answer.writeUInt32BE(this.value >>> 0);
    return answer;
  }
}
