/**
 * When a failed call is tried again, and after how long: exponential back-off with full jitter, within the deadline.
 *
 * Only a call whose repetition does no harm is retried at all. RetryInfo from the platform overrules our own pause.
 * Source: AIP-194, and "Exponential Backoff And Jitter" (full jitter).
 */

import type { PorticoError } from "./errors.js";

export const FIRST_PAUSE_SECONDS = 0.1;
export const LONGEST_PAUSE_SECONDS = 5;
const WITH_RETRY_INFO: readonly string[] = ["RESOURCE_EXHAUSTED", "ABORTED"];

/** When a call with all its retries must be over. */
export class Deadline {
  /** Of `performance.now`, in milliseconds; Infinity for never. */
  private readonly atMs: number;

  constructor(seconds: number | null) {
    this.atMs = seconds === null ? Infinity : performance.now() + seconds * 1000;
  }

  /** What is left, never negative; Infinity for no deadline. */
  leftSeconds(): number {
    return Math.max(0, (this.atMs - performance.now()) / 1000);
  }
}

/**
 * How long to wait before the next try; undefined to give up. `failures` counts those so far, this one among them.
 *
 * UNAVAILABLE is worth another try by itself; RESOURCE_EXHAUSTED and ABORTED only where the platform says after how long
 * (a full disk and a stale etag do not mend themselves).
 */
export function pauseSeconds(
  error: PorticoError,
  failures: number,
  attempts: number,
  deadline: Deadline,
  random: () => number = Math.random,
): number | undefined {
  const told = error.retryAfterSeconds;
  const worth = error.code === "UNAVAILABLE" || (told !== undefined && WITH_RETRY_INFO.includes(error.code));
  if (failures >= attempts || !worth) return undefined;
  const ceiling = Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (failures - 1));
  const pause = told === undefined ? random() * ceiling : told + random() * FIRST_PAUSE_SECONDS;
  return pause < deadline.leftSeconds() ? pause : undefined;
}
