/**
 * The newest policy revision that a client has seen, which all its calls send on, so that none is decided by older policies,
 * whichever process or node takes it.
 */

import type { Metadata } from "@grpc/grpc-js";

export const REVISION_HEADER = "x-policy-revision";
/** The reason of a refusal: the platform has no such revision, so it was restored, or is another one. */
export const REVISION_UNKNOWN = "POLICY_REVISION_UNKNOWN";
/** The reason of a refusal: whoever took the call does not have it yet. Nothing was done. */
export const REVISION_BEHIND = "POLICY_REVISION_BEHIND";

/** Of one client. */
export class PolicyRevision {
  seen = 0n;

  /** An answer said it. */
  note(revision: bigint): void {
    if (revision > this.seen) this.seen = revision;
  }

  /** The platform does not know it. */
  forget(revision: bigint): void {
    if (this.seen === revision) this.seen = 0n;
  }
}

/** The policy revision in a call's headers; 0 if there is none. */
export function revisionOf(headers: Metadata | undefined): bigint {
  const [text] = headers?.get(REVISION_HEADER) ?? [];
  return typeof text === "string" && /^[0-9]{1,19}$/.test(text) ? BigInt(text) : 0n;
}
