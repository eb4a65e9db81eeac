/** What the client must know of a method, read once from its contract's options. */

import { type DescMethod, ScalarType } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";

const SAFE_FOREIGN: readonly string[] = [
  "grpc.health.v1.Health",
  "google.longrunning.Operations", // reads, and cancel and delete, which may be repeated
];
const ANONYMOUS: readonly string[] = [
  "portico.gateway.v1.CredentialService", // its contract says `public`: the certificate is enough
  "grpc.health.v1.Health",
  "grpc.reflection.",
];

/**
 * `repeatable`: repeating it does no harm, so it may be retried (`idempotency_level`); `requestId`: it becomes so by the
 * request's field of that name; `anonymous`: it needs no token.
 */
export interface MethodFacts {
  readonly path: string;
  readonly repeatable: boolean;
  readonly requestId: boolean;
  readonly anonymous: boolean;
}

const known = new Map<DescMethod, MethodFacts>();

/** The facts of a method. */
export function factsOf(method: DescMethod): MethodFacts {
  let facts = known.get(method);
  if (facts === undefined) {
    const service = method.parent.typeName;
    facts = {
      path: `/${service}/${method.name}`,
      repeatable:
        method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN || SAFE_FOREIGN.includes(service),
      requestId: method.input.fields.some(
        (field) => field.name === "request_id" && field.fieldKind === "scalar" && field.scalar === ScalarType.STRING,
      ),
      anonymous: ANONYMOUS.some((named) => service.startsWith(named)),
    };
    known.set(method, facts);
  }
  return facts;
}
