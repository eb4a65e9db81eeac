/** Turns gRPC's errors into this client's: code, `google.rpc` details and ray id. */

import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Metadata, type ServiceError, status } from "@grpc/grpc-js";

import { errorFor, PorticoError, ProfileError, Unauthenticated } from "./errors.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "./gen/google/rpc/status_pb.js";

const DETAILS = "grpc-status-details-bin";
const RAY = "x-ray-id";

/** The typed error of a failed call; `headers` are its initial metadata, if they came. */
export function errorOf(failure: unknown, headers?: Metadata): PorticoError {
  if (failure instanceof PorticoError) return failure;
  if (!isServiceError(failure)) return new PorticoError(String(failure), { cause: failure });
  const code = status[failure.code] ?? "UNKNOWN";
  const refused = doorError(code, failure.details);
  if (refused !== undefined) return refused;
  const told = statusOf(failure.metadata);
  const rayId = rayOf(headers) || rayOf(failure.metadata);
  return errorIn(told, code, inWords(code, failure.details), { rayId, cause: failure });
}

/** The typed error of a status with details; `message` and `rayId`: what counts where they say nothing of it;
 *  `more`: metadata besides its own. */
export function errorIn(
  told: Status | undefined,
  code: string,
  message: string,
  { rayId = "", more = {}, cause }: { rayId?: string; more?: Record<string, string>; cause?: unknown } = {},
): PorticoError {
  const info = detail(told, ErrorInfoSchema);
  const { ray_id: ray = "", ...metadata } = info?.metadata ?? {};
  const delay = detail(told, RetryInfoSchema)?.retryDelay;
  return errorFor(code, told?.message || message, {
    reason: info?.reason ?? "",
    metadata: { ...metadata, ...more },
    rayId: ray || rayId,
    violations: (detail(told, BadRequestSchema)?.fieldViolations ?? []).map((item) => ({
      field: item.field,
      description: item.description,
      rule: item.reason,
    })),
    retryAfterSeconds: delay === undefined ? undefined : Number(delay.seconds) + delay.nanos / 1e9,
    cause,
  });
}

/** The ray id in headers or trailers, empty if there is none. */
export function rayOf(metadata: Metadata | undefined): string {
  return String(metadata?.get(RAY)[0] ?? "");
}

/** What gRPC itself says of a call of which no platform said anything, for people. */
function inWords(code: string, details: string): string {
  if (code === "DEADLINE_EXCEEDED" && details.startsWith("Deadline exceeded")) return "the time for the call was over";
  const reason = /^No connection established\. Last error: (?:Error: )?(.*?)\.? Resolution note:/s.exec(details)?.[1];
  return reason === undefined ? details || code : `the platform cannot be reached: ${reason}`;
}

/** What gRPC only tells in words, and as a platform that cannot be reached: calls that the TLS handshake ended. */
function doorError(code: string, details: string): PorticoError | undefined {
  if (code !== "UNAVAILABLE" && code !== "UNKNOWN") return undefined;
  if (/alert (unknown ca|bad certificate|certificate|handshake)|ssl\/tls alert/i.test(details)) {
    return new Unauthenticated("the platform does not accept the client certificate", { reason: "CERTIFICATE_REFUSED" });
  }
  if (/self.signed certificate|unable to (verify|get)|certificate (signature|has expired)|altnames/i.test(details)) {
    const told = "the platform's certificate is not of the profile's authority";
    return new ProfileError(told, { reason: "PLATFORM_UNKNOWN" });
  }
  return undefined;
}

function isServiceError(failure: unknown): failure is ServiceError {
  return failure instanceof Error && "code" in failure && typeof failure.code === "number" && "metadata" in failure;
}

function statusOf(metadata: Metadata): Status | undefined {
  const [raw] = metadata.get(DETAILS);
  if (!(raw instanceof Uint8Array)) return undefined;
  try {
    return fromBinary(StatusSchema, raw);
  } catch {
    return undefined; // no Portico service said that
  }
}

function detail<D extends DescMessage>(told: Status | undefined, schema: D): MessageShape<D> | undefined {
  for (const item of told?.details ?? []) {
    const found = anyUnpack(item, schema);
    if (found !== undefined) return found;
  }
  return undefined;
}
