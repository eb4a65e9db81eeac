/**
 * Portico's client for Node.
 *
 *     import { connect } from "@portico/client";
 *
 *     const client = connect();
 *     await client.buckets.create("photos");
 *     await client.objects.put("photos", "cat.jpg", { path: "cat.jpg" });
 *     const picture = await client.objects.read("photos", "cat.jpg");
 *     await client.close();
 *
 * Address, certificate and token come from the user's profile, which `portico up` writes.
 */

export type { BucketSettings } from "./buckets.js";
export { Client } from "./client.js";
export { connect, type Connection } from "./connect.js";
export type { ObjectReader } from "./download.js";
export * from "./errors.js";
export type { Operation } from "./gen/google/longrunning/operations_pb.js";
export { RecordService } from "./gen/portico/dns/v1/records_pb.js";
export { ZoneService } from "./gen/portico/dns/v1/zones_pb.js";
export {
  type Bucket,
  BucketService,
  NotificationRule_Event,
  type RelocateBucketResult,
  type ScrubBucketResult,
  Versioning,
} from "./gen/portico/objects/v1/buckets_pb.js";
export {
  type Notification,
  NotificationService,
  type Webhook,
  Webhook_State,
} from "./gen/portico/objects/v1/notifications_pb.js";
export {
  ChecksumAlgorithm,
  type Object$ as StoredObject,
  ObjectService,
  RetentionMode,
} from "./gen/portico/objects/v1/objects_pb.js";
export { type Upload, UploadService } from "./gen/portico/objects/v1/uploads_pb.js";
export { type UsageReport, UsageService } from "./gen/portico/objects/v1/usage_pb.js";
export { asJson } from "./json.js";
export type {
  Bypass,
  Checksums,
  Conditions,
  Marks,
  ObjectMetadata,
  PutOptions,
  Range,
  Retention,
  UploadOptions,
  Which,
} from "./objects.js";
export type { Listing } from "./paging.js";
export type { Profile } from "./profiles.js";
export type { Service } from "./service.js";
export type { Options } from "./session.js";
export type { Data, FilePath } from "./sources.js";
export type { Span } from "./tracing.js";
