/** What an account uses of the object storage. */

import { there } from "./buckets.js";
import { type UsageReport, UsageService } from "./gen/portico/objects/v1/usage_pb.js";
import type { Session } from "./session.js";

export class ObjectUsage {
  constructor(private readonly session: Session) {}

  /** What was used in a month (`2026-11`, UTC; empty: this one), bucket by bucket, and what that costs. */
  async report(month = "", { account = "" }: { account?: string } = {}): Promise<UsageReport> {
    const parent = account ? `accounts/${account}` : this.session.account;
    return there((await this.session.call(UsageService.method.getUsageReport, { parent, month })).report);
  }
}
