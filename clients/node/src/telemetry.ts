/** What the platform recorded of calls: traces and request events. They are there within a second after the call. */

import {
  type GetTraceResponse,
  type ListRequestEventsRequestSchema,
  type ListRequestEventsResponseSchema,
  type RequestEvent,
  TelemetryService,
} from "./gen/portico/gateway/v1/telemetry_pb.js";
import { Listing } from "./paging.js";
import type { Session } from "./session.js";

export class Traces {
  constructor(private readonly session: Session) {}

  /** All that is known of a trace, by its id or by the ray id of one of its calls. Throws NotFound. */
  get(trace: string): Promise<GetTraceResponse> {
    return this.session.call(TelemetryService.method.getTrace, { name: `${this.session.account}/traces/${trace}` });
  }
}

export class RequestEvents {
  constructor(private readonly session: Session) {}

  /**
   * Recent calls of the account, the newest first. `failedOnly`: only those that failed; `method`: only those of one
   * method, `/portico.objects.v1.ObjectService/PutObject`.
   */
  list({
    failedOnly = false,
    method = "",
    pageSize = 0,
  }: { failedOnly?: boolean; method?: string; pageSize?: number } = {}): Listing<
    RequestEvent,
    typeof ListRequestEventsRequestSchema,
    typeof ListRequestEventsResponseSchema
  > {
    const request = { parent: this.session.account, failedOnly, method, pageSize };
    return new Listing(this.session, TelemetryService.method.listRequestEvents, request, (page) => page.requestEvents);
  }
}
