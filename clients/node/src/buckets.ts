/** Buckets of the object storage. A bucket is given by its id, or by its full name for another account's. */

import type { MessageInitShape } from "@bufbuild/protobuf";

import type { Operation } from "./gen/google/longrunning/operations_pb.js";
import {
  type Bucket,
  type BucketSchema,
  BucketService,
  type ListBucketsRequestSchema,
  type ListBucketsResponseSchema,
  type RelocateBucketResult,
  RelocateBucketResultSchema,
  type ScrubBucketResult,
  ScrubBucketResultSchema,
  Versioning,
} from "./gen/portico/objects/v1/buckets_pb.js";
import { known } from "./known.js";
import { nameOf } from "./names.js";
import { finished, resultOf } from "./operations.js";
import { Listing } from "./paging.js";
import type { Session } from "./session.js";

const METHODS = BucketService.method;

/** What a bucket can be set to, as its contract has it. */
export type BucketSettings = MessageInitShape<typeof BucketSchema>;

export class Buckets {
  constructor(private readonly session: Session) {}

  /** Creates a bucket; answers it. `versioning`: keep what puts and deletes replace. Throws AlreadyExists. */
  async create(
    bucket: string,
    options: { versioning?: boolean; settings?: BucketSettings } = {},
  ): Promise<Bucket> {
    const { versioning = false, settings = {} } = known(options, ["versioning", "settings"]);
    const [parent = "", bucketId = ""] = this.name(bucket).split("/buckets/");
    const wanted = versioning ? { ...settings, versioning: Versioning.ENABLED } : settings;
    return there((await this.session.call(METHODS.createBucket, { parent, bucketId, bucket: wanted })).bucket);
  }

  /** Answers a bucket. Throws NotFound. */
  async get(bucket: string): Promise<Bucket> {
    return there((await this.session.call(METHODS.getBucket, { name: this.name(bucket) })).bucket);
  }

  /** All buckets of the account that the caller may see, by id; with `prefix` those that begin with it. */
  list({ prefix = "", account = "", pageSize = 0 }: { prefix?: string; account?: string; pageSize?: number } = {}): Listing<
    Bucket,
    typeof ListBucketsRequestSchema,
    typeof ListBucketsResponseSchema
  > {
    const parent = account ? `accounts/${account}` : this.session.account;
    return new Listing(this.session, METHODS.listBuckets, { parent, prefix, pageSize }, (page) => page.buckets);
  }

  /**
   * Changes settings; answers the bucket.
   *
   * `settings`: the new ones (`{notificationRules: [{queue, events}]}`); `versioning`: the same of them. `fields`: which of
   * them to change, by their names in the contract (`notification_rules`); one that is named and left out is emptied. Without
   * `fields` those that are set. With `etag`, throws Aborted if somebody changed them meanwhile.
   */
  async update(
    bucket: string,
    options: { versioning?: Versioning; settings?: BucketSettings; fields?: string[]; etag?: string },
  ): Promise<Bucket> {
    known(options, ["versioning", "settings", "fields", "etag"]);
    const { versioning, settings = {}, fields = [], etag = "" } = options;
    const changed = { ...settings, ...(versioning !== undefined && { versioning }), name: this.name(bucket), etag };
    return there((await this.session.call(METHODS.updateBucket, { bucket: changed, updateMask: { paths: fields } })).bucket);
  }

  /**
   * Deletes a bucket; answers the operation, done unless `wait` is false.
   *
   * `force`: delete first what it holds; nothing brings that back. `etag`: delete it only in that state. Throws NotFound,
   * FailedPrecondition (`BUCKET_NOT_EMPTY`), DeadlineExceeded after `waitSeconds`, and what made the operation fail.
   */
  async delete(
    bucket: string,
    options: { force?: boolean; etag?: string; wait?: boolean; waitSeconds?: number } = {},
  ): Promise<Operation> {
    known(options, ["force", "etag", "wait", "waitSeconds"]);
    const { force = false, etag = "", wait = true, waitSeconds = 600 } = options;
    const response = await this.session.call(METHODS.deleteBucket, { name: this.name(bucket), force, etag });
    const operation = there(response.operation);
    return wait ? finished(this.session, operation, waitSeconds) : operation;
  }

  /**
   * Has all stored bytes of a bucket read again and compared with their digests; answers what is damaged. Throws NotFound,
   * DeadlineExceeded where that takes longer than `waitSeconds` (it goes on); what made it fail.
   */
  async scrub(bucket: string, { waitSeconds = 600 }: { waitSeconds?: number } = {}): Promise<ScrubBucketResult> {
    const { operation } = await this.session.call(METHODS.scrubBucket, { name: this.name(bucket) });
    return resultOf(await finished(this.session, there(operation), waitSeconds), ScrubBucketResultSchema);
  }

  /**
   * Has a bucket's bytes moved to the store where new ones go; answers what was moved. Reads and writes go on.
   *
   * `locationHint`: where they should be from now on; left out: as the bucket says. Throws NotFound, FailedPrecondition
   * (`JURISDICTION_UNAVAILABLE`), DeadlineExceeded where that takes longer than `waitSeconds` (it goes on); what made it fail.
   */
  async relocate(
    bucket: string,
    { locationHint, waitSeconds = 3600 }: { locationHint?: string; waitSeconds?: number } = {},
  ): Promise<RelocateBucketResult> {
    const request = { name: this.name(bucket), ...(locationHint !== undefined && { locationHint }) };
    const { operation } = await this.session.call(METHODS.relocateBucket, request);
    return resultOf(await finished(this.session, there(operation), waitSeconds), RelocateBucketResultSchema);
  }

  private name(bucket: string): string {
    return nameOf(this.session.account, "buckets", bucket);
  }
}

/** A field that the contract promises. */
export function there<Message>(message: Message | undefined): Message {
  if (message === undefined) throw new TypeError("the platform left out what its contract promises");
  return message;
}
