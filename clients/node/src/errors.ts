/**
 * What calls throw: one class for each canonical code, so that `error instanceof NotFound` reads as it should.
 *
 * `reason` is the stable, machine-readable cause (`BUCKET_NOT_FOUND`); `message` is for people. Codes: google.rpc.Code.
 */

/** One thing wrong with one field of the request: its path (`bucket.name`), what is wrong, and the rule's id. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
  readonly rule: string;
}

/** What is known of a failure beside its message. */
export interface Facts {
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly FieldViolation[];
  readonly rayId?: string;
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/** Base of all errors of this client. */
export class PorticoError extends Error {
  /** The canonical code's name: `NOT_FOUND`. */
  readonly code: string;
  /** The stable cause: `BUCKET_NOT_FOUND`. Empty if the answer came from no Portico service. */
  readonly reason: string;
  /** The reason's parameters (`resource`, `permission`, …). */
  readonly metadata: Readonly<Record<string, string>>;
  /** What was wrong with which field of the request. */
  readonly violations: readonly FieldViolation[];
  /** Finds the call in `portico trace`, the logs and the events. Empty if the call did not reach a platform. */
  readonly rayId: string;
  /** When the same call may succeed, if the platform said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, facts: Facts = {}, code = "UNKNOWN") {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.code = code;
    this.reason = facts.reason ?? "";
    this.metadata = facts.metadata ?? {};
    this.violations = facts.violations ?? [];
    this.rayId = facts.rayId ?? "";
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

/** The call was cancelled. */
export class Cancelled extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "CANCELLED");
  }
}

/** The request is wrong, whatever the state; `violations` say where. */
export class InvalidArgument extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "INVALID_ARGUMENT");
  }
}

/** The time for the call was over. Whether it took effect is not known. */
export class DeadlineExceeded extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "DEADLINE_EXCEEDED");
  }
}

/** What the request names is not there. */
export class NotFound extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "NOT_FOUND");
  }
}

/** What should be created is there already. */
export class AlreadyExists extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "ALREADY_EXISTS");
  }
}

/** The caller is known and may not do this; `metadata` has `permission` and `resource`. */
export class PermissionDenied extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "PERMISSION_DENIED");
  }
}

/** A limit, a quota or the disk is used up. */
export class ResourceExhausted extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "RESOURCE_EXHAUSTED");
  }
}

/** The state does not allow it: a condition does not hold, a bucket is not empty. */
export class FailedPrecondition extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "FAILED_PRECONDITION");
  }
}

/** Somebody else changed it meanwhile: read it again and decide anew. */
export class Aborted extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "ABORTED");
  }
}

/** The range is not in the object. */
export class OutOfRange extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "OUT_OF_RANGE");
  }
}

/** The platform has no such method; it may be older than this client or not run the product. */
export class Unimplemented extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "UNIMPLEMENTED");
  }
}

/** Something went wrong inside the platform; the ray id finds it in its logs. */
export class Internal extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "INTERNAL");
  }
}

/** The platform cannot be reached or is overloaded. */
export class Unavailable extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "UNAVAILABLE");
  }
}

/** Bytes arrived that are not those that were stored (`CHECKSUM_MISMATCH`, `SIZE_MISMATCH`). */
export class DataLoss extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "DATA_LOSS");
  }
}

/** No token, or not a good one; `reason` says which. */
export class Unauthenticated extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "UNAUTHENTICATED");
  }
}

/** The profile is missing or cannot be used; the message says what to do. Nothing was sent. */
export class ProfileError extends PorticoError {
  constructor(message: string, facts: Facts = {}) {
    super(message, facts, "FAILED_PRECONDITION");
  }
}

type Kind = new (message: string, facts?: Facts) => PorticoError;

const CLASSES: Readonly<Record<string, Kind>> = {
  CANCELLED: Cancelled,
  INVALID_ARGUMENT: InvalidArgument,
  DEADLINE_EXCEEDED: DeadlineExceeded,
  NOT_FOUND: NotFound,
  ALREADY_EXISTS: AlreadyExists,
  PERMISSION_DENIED: PermissionDenied,
  RESOURCE_EXHAUSTED: ResourceExhausted,
  FAILED_PRECONDITION: FailedPrecondition,
  ABORTED: Aborted,
  OUT_OF_RANGE: OutOfRange,
  UNIMPLEMENTED: Unimplemented,
  INTERNAL: Internal,
  UNAVAILABLE: Unavailable,
  DATA_LOSS: DataLoss,
  UNAUTHENTICATED: Unauthenticated,
};

/** The error of a canonical code; a code that has no class makes a PorticoError. */
export function errorFor(code: string, message: string, facts: Facts = {}): PorticoError {
  const kind = CLASSES[code];
  return kind === undefined ? new PorticoError(message, facts, code) : new kind(message, facts);
}
