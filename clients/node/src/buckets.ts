/** Buckets of the object storage. A bucket is given by its id, or by its full name for another account's. */

import type { MessageInitShape } from "@bufbuild/protobuf";

import type { Operation } from "./gen/google/longrunning/operations_pb.js";
import {
  type Bucket,
  type BucketSchema,
  BucketService,
  type ListBucketsRequestSchema,
  type ListBucketsResponseSchema,
  Versioning,
} from "./gen/portico/objects/v1/buckets_pb.js";
import { nameOf } from "./names.js";
import { finished } from "./operations.js";
import { Listing } from "./paging.js";
import type { Session } from "./session.js";

const METHODS = BucketService.method;

export class Buckets {
  constructor(private readonly session: Session) {}

  /** Creates a bucket; answers it. `versioning`: keep what puts and deletes replace. Throws AlreadyExists. */
  async create(
    bucket: string,
    { versioning = false, settings = {} }: { versioning?: boolean; settings?: MessageInitShape<typeof BucketSchema> } = {},
  ): Promise<Bucket> {
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

  /** Changes settings; answers the bucket. With `etag`, throws Aborted if somebody changed them meanwhile. */
  async update(bucket: string, { versioning, etag = "" }: { versioning: Versioning; etag?: string }): Promise<Bucket> {
    const changed = { name: this.name(bucket), versioning, etag };
    const request = { bucket: changed, updateMask: { paths: ["versioning"] } };
    return there((await this.session.call(METHODS.updateBucket, request)).bucket);
  }

  /**
   * Deletes a bucket; answers the operation, done unless `wait` is false.
   *
   * `force`: delete first what it holds; nothing brings that back. `etag`: delete it only in that state. Throws NotFound,
   * FailedPrecondition (`BUCKET_NOT_EMPTY`), DeadlineExceeded after `waitSeconds`, and what made the operation fail.
   */
  async delete(
    bucket: string,
    {
      force = false,
      etag = "",
      wait = true,
      waitSeconds = 600,
    }: { force?: boolean; etag?: string; wait?: boolean; waitSeconds?: number } = {},
  ): Promise<Operation> {
    const response = await this.session.call(METHODS.deleteBucket, { name: this.name(bucket), force, etag });
    const operation = there(response.operation);
    return wait ? finished(this.session, operation, waitSeconds) : operation;
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
