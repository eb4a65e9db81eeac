/** Answers as JSON, as REST has them: numbers of 64 bits, which JavaScript's own JSON refuses, are texts there. */

import { createRegistry, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";

import { file_google_longrunning_operations } from "./gen/google/longrunning/operations_pb.js";
import { file_google_rpc_error_details } from "./gen/google/rpc/error_details_pb.js";
import { file_portico_dns_v1_records } from "./gen/portico/dns/v1/records_pb.js";
import { file_portico_dns_v1_zones } from "./gen/portico/dns/v1/zones_pb.js";
import { file_portico_gateway_v1_credentials } from "./gen/portico/gateway/v1/credentials_pb.js";
import { file_portico_gateway_v1_telemetry } from "./gen/portico/gateway/v1/telemetry_pb.js";
import { file_portico_objects_v1_buckets } from "./gen/portico/objects/v1/buckets_pb.js";
import { file_portico_objects_v1_notifications } from "./gen/portico/objects/v1/notifications_pb.js";
import { file_portico_objects_v1_objects } from "./gen/portico/objects/v1/objects_pb.js";
import { file_portico_objects_v1_uploads } from "./gen/portico/objects/v1/uploads_pb.js";
import { file_portico_objects_v1_usage } from "./gen/portico/objects/v1/usage_pb.js";

const registry = createRegistry(
  file_google_longrunning_operations,
  file_google_rpc_error_details,
  file_portico_dns_v1_records,
  file_portico_dns_v1_zones,
  file_portico_gateway_v1_credentials,
  file_portico_gateway_v1_telemetry,
  file_portico_objects_v1_buckets,
  file_portico_objects_v1_notifications,
  file_portico_objects_v1_objects,
  file_portico_objects_v1_uploads,
  file_portico_objects_v1_usage,
);

/** What a client's methods answer, for `JSON.stringify`. Throws TypeError for what no contract of this client has. */
export function asJson(message: Message): JsonValue {
  const schema = registry.getMessage(message.$typeName);
  if (schema === undefined) throw new TypeError(`no contract of this client has ${message.$typeName}`);
  return toJson(schema, message, { registry });
}
