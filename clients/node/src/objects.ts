/**
 * Objects of the object storage. A bucket is given by its id, or by its full name for another account's.
 *
 * Bytes are checked end to end. A put from memory sends its MD5 first: the platform stores nothing that differs. A put
 * from a file or a stream computes the MD5 on the way and compares it with what the platform stored (DataLoss if it
 * differs; the object is there then). A get of a whole object is compared with the digest that the platform holds.
 * Digests of your own, given as `checksums`, are always checked by the platform before anything is stored.
 */

import { randomUUID } from "node:crypto";

import type { MessageInitShape } from "@bufbuild/protobuf";

import { there } from "./buckets.js";
import { md5Of } from "./checksums.js";
import { mediaTypeOf } from "./media_types.js";
import { ObjectReader, readWhole } from "./download.js";
import {
  type ChecksumAlgorithm,
  type ChecksumsSchema,
  type ConditionsSchema,
  type DeleteObjectResponse,
  type ListObjectsRequestSchema,
  type ListObjectsResponseSchema,
  type ListObjectVersionsRequestSchema,
  type ListObjectVersionsResponseSchema,
  type Object$,
  type ObjectMetadataSchema,
  ObjectService,
  type RetentionSchema,
} from "./gen/portico/objects/v1/objects_pb.js";
import { known } from "./known.js";
import { nameOf, text } from "./names.js";
import { Listing } from "./paging.js";
import { uploadInParts } from "./parts.js";
import type { Session } from "./session.js";
import { type Data, sourceOf } from "./sources.js";
import { isStream, written } from "./targets.js";
import { type Progress, Upload } from "./upload.js";

const METHODS = ObjectService.method;
const MARKS = ["checksumAlgorithms", "tags", "retention", "legalHold"] as const;
const SAID_OF_PUT = ["contentType", "metadata", "conditions", "overwrite", "progress"] as const;
const LISTED = ["prefix", "delimiter", "startAfter", "startBehindPrefix", "pageSize"] as const;
const WHICH = ["versionId", "conditions"] as const;
const MOST_DELETED_AT_ONCE = 1000;
const MEBIBYTE = 1024 * 1024;
const LARGE_BYTES = 64 * MEBIBYTE;
const PART_BYTES = 16 * MEBIBYTE;
const LEAST_PART_BYTES = 5 * MEBIBYTE;
const MOST_PARTS = 10_000;

export type Conditions = MessageInitShape<typeof ConditionsSchema>;
export type Checksums = MessageInitShape<typeof ChecksumsSchema>;
export type ObjectMetadata = MessageInitShape<typeof ObjectMetadataSchema>;
export type Retention = MessageInitShape<typeof RetentionSchema>;

/** With what a new version is marked, besides its metadata. */
export interface Marks {
  /** Digests to make and keep. */
  readonly checksumAlgorithms?: ChecksumAlgorithm[];
  readonly tags?: Record<string, string>;
  /** Until when it may not be deleted, where the bucket has object lock. */
  readonly retention?: Retention;
  /** It may not be deleted until that is taken back. */
  readonly legalHold?: boolean;
}

/** What may be said of a put. */
export interface PutOptions extends Marks {
  /** The media type; for a path guessed from its name if left out. */
  readonly contentType?: string;
  /** All that can be said of an object; the user's own pairs are `custom`. */
  readonly metadata?: ObjectMetadata;
  /** Digests that the bytes must have, else nothing is stored. */
  readonly checksums?: Checksums;
  /** What must hold of the object that this replaces. */
  readonly conditions?: Conditions;
  /** false: fail if there is one already. */
  readonly overwrite?: boolean;
  /** Told how many bytes were sent so far. */
  readonly progress?: Progress;
}

/** What may be said of an upload in parts. */
export interface UploadOptions extends Omit<PutOptions, "checksums" | "checksumAlgorithms"> {
  /** Bytes of each part but the last, 5 MiB at least; 16 MiB if left out, or more where 10,000 such parts are too few. */
  readonly partBytes?: number;
  /** How many parts are sent at once, each held in memory; 4 if left out. */
  readonly parallel?: number;
}

/** Which version of an object, and what must hold of it. */
export interface Which {
  /** The current version if left out. */
  readonly versionId?: string;
  readonly conditions?: Conditions;
}

/** Whether a retention in GOVERNANCE mode is to be passed over. */
export interface Bypass {
  readonly bypassGovernance?: boolean;
}

/** Which bytes of it. */
export interface Range extends Which {
  /** Where to begin; negative: so many bytes before the end. */
  readonly offsetBytes?: number;
  /** How many bytes at most; 0: to the end. */
  readonly limitBytes?: number;
}

export class Objects {
  constructor(private readonly session: Session) {}

  /**
   * Stores an object; answers it as it was stored. Nothing is visible before all of it has arrived.
   *
   * Throws FailedPrecondition (`OBJECT_EXISTS`, `ETAG_MISMATCH`, `MODIFIED`), InvalidArgument (`BAD_DIGEST`), NotFound
   * (`BUCKET_NOT_FOUND`), DataLoss: other bytes were stored than sent; and what reading `data` throws.
   */
  async put(bucket: string, key: string, data: Data, options: PutOptions = {}): Promise<Object$> {
    known(options, [...SAID_OF_PUT, "checksums", ...MARKS]);
    const source = sourceOf(data);
    let { checksums, conditions } = options;
    if (source.bytes !== undefined && !checksums?.md5?.length) {
      checksums = { ...checksums, md5: await md5Of(source.bytes) };
    }
    if (options.overwrite === false) {
      conditions = { ...conditions, ifNoneMatch: [...(conditions?.ifNoneMatch ?? []), "*"] };
    }
    const contentType = options.contentType ?? options.metadata?.contentType ?? mediaTypeOf(source.path);
    const { checksumAlgorithms } = options;
    const first = {
      name: this.name(bucket, key),
      metadata: { ...options.metadata, contentType },
      ...(checksumAlgorithms && { checksumAlgorithms }),
      ...marksOf(options),
      requestId: randomUUID(),
      ...(checksums && { checksums }),
      ...(conditions && { conditions }),
      ...(source.sizeBytes !== undefined && { sizeBytes: BigInt(source.sizeBytes) }),
    };
    const upload = new Upload(first, source, Boolean(checksums?.md5?.length), options.progress);
    const seconds = this.session.options.transferTimeoutSeconds;
    const response = await this.session.exchange(METHODS.putObject, upload, seconds, source.replayable);
    const stored = there(response.object);
    upload.check(stored);
    return stored;
  }

  /**
   * Stores an object of any size: a large one, or a stream of which nobody knows the length, in parts, several at once.
   * Nothing is visible before all of it has arrived. An upload that fails is given up.
   *
   * Throws what `put` does.
   */
  async upload(bucket: string, key: string, data: Data, options: UploadOptions = {}): Promise<Object$> {
    const { partBytes, parallel, ...said } = known(options, [
      ...SAID_OF_PUT,
      ...MARKS.filter((name) => name !== "checksumAlgorithms"),
      "partBytes",
      "parallel",
    ]);
    const source = sourceOf(data);
    if (source.sizeBytes !== undefined && source.sizeBytes < LARGE_BYTES && partBytes === undefined) {
      return this.put(bucket, key, data, said);
    }
    let { conditions } = options;
    if (options.overwrite === false) {
      conditions = { ...conditions, ifNoneMatch: [...(conditions?.ifNoneMatch ?? []), "*"] };
    }
    const contentType = options.contentType ?? options.metadata?.contentType ?? mediaTypeOf(source.path);
    const least = Math.ceil((source.sizeBytes ?? 0) / MOST_PARTS / MEBIBYTE) * MEBIBYTE;
    const wanted = {
      name: this.name(bucket, key),
      metadata: { ...options.metadata, contentType },
      marks: marksOf(options),
      conditions,
      partBytes: Math.max(partBytes ?? PART_BYTES, least, LEAST_PART_BYTES),
      parallel: parallel ?? 4,
      progress: options.progress,
    };
    return uploadInParts(this.session, wanted, source.chunks());
  }

  /**
   * Opens an object, or a range of it, for reading.
   *
   * Throws NotFound (`OBJECT_NOT_FOUND`, `VERSION_NOT_FOUND`, `BUCKET_NOT_FOUND`), FailedPrecondition (`NOT_MODIFIED`,
   * `ETAG_MISMATCH`, `MODIFIED`), OutOfRange (`INVALID_RANGE`).
   */
  async get(bucket: string, key: string, range: Range = {}): Promise<ObjectReader> {
    return ObjectReader.open(this.session, this.range(bucket, key, range));
  }

  /** The bytes of an object, or of a range of it, in memory. Throws what `get` does, and DataLoss. */
  async read(bucket: string, key: string, range: Range = {}): Promise<Buffer> {
    return readWhole(this.session, this.range(bucket, key, range), (reader) => reader.bytes());
  }

  /**
   * Reads an object into a file; answers the object. The file appears whole and checked, or not at all: one that is there
   * is replaced at the end, behind a symbolic link too. A device or a pipe is written into as bytes come.
   *
   * Throws what `get` does, DataLoss, and what the file system throws.
   */
  async download(
    bucket: string,
    key: string,
    path: string,
    { progress, ...which }: Which & { progress?: Progress } = {},
  ): Promise<Object$> {
    const take = (reader: ObjectReader): Promise<Object$> =>
      written(path, async (write) => {
        for await (const chunk of reader) {
          await write(chunk);
          progress?.(reader.receivedBytes);
        }
        return reader.object;
      });
    return readWhole(this.session, this.range(bucket, key, which), take, !(await isStream(path)));
  }

  /** An object without its bytes. Throws NotFound, FailedPrecondition. */
  async head(bucket: string, key: string, which: Which = {}): Promise<Object$> {
    known(which, WHICH);
    return there((await this.session.call(METHODS.headObject, { name: this.name(bucket, key), ...which })).object);
  }

  /**
   * The current objects of a bucket by key, in the order of their UTF-8 bytes.
   *
   * `prefix`: only keys that begin with it; `startAfter`: only keys behind this one; `delimiter`: keys that share what
   * stands up to the first one behind the prefix are left out, and `pages()` has those common beginnings as `prefixes`;
   * `startBehindPrefix`: without the one that `startAfter` is, or begins with.
   */
  list(
    bucket: string,
    options: {
      prefix?: string;
      delimiter?: string;
      startAfter?: string;
      startBehindPrefix?: boolean;
      pageSize?: number;
    } = {},
  ): Listing<Object$, typeof ListObjectsRequestSchema, typeof ListObjectsResponseSchema> {
    known(options, LISTED);
    const request = { parent: this.bucket(bucket), ...options };
    return new Listing(this.session, METHODS.listObjects, request, (page) => page.objects);
  }

  /**
   * All versions and delete markers of a bucket by key, the newest of a key first.
   *
   * `startAfterVersionId`: also what is older than this version of `startAfter`; others as in `list`.
   */
  versions(
    bucket: string,
    options: {
      prefix?: string;
      delimiter?: string;
      startAfter?: string;
      startAfterVersionId?: string;
      startBehindPrefix?: boolean;
      pageSize?: number;
    } = {},
  ): Listing<Object$, typeof ListObjectVersionsRequestSchema, typeof ListObjectVersionsResponseSchema> {
    known(options, [...LISTED, "startAfterVersionId"]);
    const request = { parent: this.bucket(bucket), ...options };
    return new Listing(this.session, METHODS.listObjectVersions, request, (page) => page.objects);
  }

  /** Deletes an object, or for good one version of it. To delete what is not there succeeds. */
  async delete(bucket: string, key: string, which: Which & Bypass = {}): Promise<DeleteObjectResponse> {
    known(which, [...WHICH, "bypassGovernance"]);
    return this.session.call(METHODS.deleteObject, { name: this.name(bucket, key), ...which });
  }

  /**
   * Deletes any number of objects of a bucket, 1,000 a call; each call's all or none. Answers one result a key. A key may
   * be given with a version id.
   */
  async deleteMany(
    bucket: string,
    keys: Iterable<string | { key: string; versionId: string }>,
    bypass: Bypass = {},
  ): Promise<DeleteObjectResponse[]> {
    known(bypass, ["bypassGovernance"]);
    const entries = Array.from(keys, (entry) =>
      typeof entry === "string"
        ? { name: this.name(bucket, entry) }
        : { name: this.name(bucket, known(entry, ["key", "versionId"]).key), versionId: entry.versionId },
    );
    const results: DeleteObjectResponse[] = [];
    for (let start = 0; start < entries.length; start += MOST_DELETED_AT_ONCE) {
      const objects = entries.slice(start, start + MOST_DELETED_AT_ONCE);
      const request = { parent: this.bucket(bucket), objects, ...bypass };
      const response = await this.session.call(METHODS.deleteObjects, request);
      results.push(...response.results);
    }
    return results;
  }

  /**
   * Copies an object on the platform; answers the new one.
   *
   * `metadata`: the new object's, the source's if left out; `sourceConditions`: what must hold of the source;
   * `conditions`: what must hold of the object that this replaces. Its tags are the source's, if `tags` is left out; what
   * locks the source is not taken over.
   */
  async copy(
    source: { bucket: string; key: string; versionId?: string },
    target: { bucket: string; key: string },
    options: { metadata?: ObjectMetadata; sourceConditions?: Conditions; conditions?: Conditions } & Marks = {},
  ): Promise<Object$> {
    if (typeof source !== "object" || typeof target !== "object") {
      throw new TypeError("source and target are each {bucket, key}, not texts");
    }
    known(source, ["bucket", "key", "versionId"]);
    known(target, ["bucket", "key"]);
    known(options, ["metadata", "sourceConditions", "conditions", ...MARKS]);
    const request = {
      name: this.name(target.bucket, target.key),
      source: this.name(source.bucket, source.key),
      sourceVersionId: source.versionId ?? "",
      replaceTags: options.tags !== undefined,
      ...options,
    };
    return there((await this.session.call(METHODS.copyObject, request)).object);
  }

  /** Gives a version these tags, and no others; answers it. Throws NotFound. */
  setTags(bucket: string, key: string, tags: Record<string, string>, versionId = ""): Promise<Object$> {
    return this.update(bucket, key, "tags", { tags, versionId });
  }

  /**
   * Keeps a version from deletion for a time; undefined: no longer. Answers it.
   *
   * Throws FailedPrecondition (`OBJECT_LOCKED`: it may not be made shorter; `OBJECT_LOCK_DISABLED`: the bucket has no
   * object lock), NotFound.
   */
  setRetention(
    bucket: string,
    key: string,
    retention: Retention | undefined,
    options: { versionId?: string } & Bypass = {},
  ): Promise<Object$> {
    return this.update(bucket, key, "retention", { ...options, ...(retention && { retention }) });
  }

  /** Keeps a version from deletion until that is taken back; answers it. Throws as `setRetention`. */
  setLegalHold(bucket: string, key: string, legalHold: boolean, versionId = ""): Promise<Object$> {
    return this.update(bucket, key, "legal_hold", { legalHold, versionId });
  }

  private async update(
    bucket: string,
    key: string,
    field: string,
    wanted: Pick<Marks, "tags" | "retention" | "legalHold"> & { versionId?: string } & Bypass,
  ): Promise<Object$> {
    const request = { ...wanted, name: this.name(bucket, key), updateMask: { paths: [field] } };
    return there((await this.session.call(METHODS.updateObject, request)).object);
  }

  private bucket(bucket: string): string {
    return nameOf(this.session.account, "buckets", bucket);
  }

  private name(bucket: string, key: string): string {
    return `${this.bucket(bucket)}/objects/${text(key)}`;
  }

  private range(bucket: string, key: string, range: Range) {
    const { offsetBytes = 0, limitBytes = 0, ...which } = known(range, [...WHICH, "offsetBytes", "limitBytes"]);
    return {
      name: this.name(bucket, key),
      offsetBytes: BigInt(offsetBytes),
      limitBytes: BigInt(limitBytes),
      ...which,
    };
  }
}

/** What was given of tags and locks. */
function marksOf({ tags, retention, legalHold }: Marks): Pick<Marks, "tags" | "retention" | "legalHold"> {
  return { ...(tags && { tags }), ...(retention && { retention }), ...(legalHold && { legalHold }) };
}
