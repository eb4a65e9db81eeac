/**
 * The client's side of a trace: `traceparent` out (W3C Trace Context), spans kept until they are handed in over OTLP.
 *
 * Only traced calls have spans: within `client.trace(...)`, or all calls of a client with the option `trace`. Where the
 * application has a current OpenTelemetry span and asked for no trace of ours, its context is sent on as it is.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

import { create } from "@bufbuild/protobuf";

import {
  type ExportTraceServiceRequest,
  ExportTraceServiceRequestSchema,
} from "./gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import { Span_SpanKind, Status_StatusCode } from "./gen/opentelemetry/proto/trace/v1/trace_pb.js";

const MOST_SPANS = 2048;

/** A span of ours. Ids in hexadecimal, times in nanoseconds since 1970. `error`: the code's name, if it failed. */
export interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: Span_SpanKind;
  readonly startNs: bigint;
  endNs: bigint;
  error: string;
  readonly attributes: Record<string, string>;
}

const current = new AsyncLocalStorage<Span>();

/** Begins spans and keeps the ended ones. `service` names the program, `scope` the part of it that records. */
export class Tracer {
  private ended: Span[] = [];

  constructor(
    readonly service: string,
    readonly scope: string,
  ) {}

  /** What `work` calls belongs to one trace, below one span of that name. */
  async trace<Result>(name: string, work: (span: Span) => Promise<Result>): Promise<Result> {
    const span = newSpan(name, Span_SpanKind.INTERNAL, current.getStore());
    try {
      return await current.run(span, () => work(span));
    } catch (error) {
      span.error = codeOf(error);
      throw error;
    } finally {
      this.end(span);
    }
  }

  /** A span for a call: below the current one, or with `always` at the root of a trace of its own; else undefined. */
  begin(name: string, always: boolean): Span | undefined {
    const parent = current.getStore();
    return parent === undefined && !always ? undefined : newSpan(name, Span_SpanKind.CLIENT, parent);
  }

  end(span: Span, error = ""): void {
    span.endNs = nowNs();
    span.error ||= error;
    if (this.ended.length < MOST_SPANS) this.ended.push(span);
  }

  /** The ended spans as an OTLP request, which are then no longer kept; undefined if there are none. */
  take(): ExportTraceServiceRequest | undefined {
    const spans = this.ended;
    this.ended = [];
    return spans.length === 0 ? undefined : exportRequest(spans, this);
  }
}

/** The `traceparent` header of a span. */
export function traceparentOf(span: Span): string {
  return `00-${span.traceId}-${span.spanId}-01`;
}

/** The `traceparent` of the application's current OpenTelemetry span; empty if there is none. */
export function outerTraceparent(): string {
  // What @opentelemetry/api registers: looked up by its names, so that nobody who does not use it installs it.
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for("opentelemetry.js.api.1")] as OpenTelemetry | undefined;
  const span = api?.context?.active().getValue(Symbol.for("OpenTelemetry Context Key SPAN")) as OuterSpan | undefined;
  const context = span?.spanContext();
  if (context === undefined || !/[1-9a-f]/.test(context.traceId)) return "";
  return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, "0")}`;
}

interface OpenTelemetry {
  context?: { active(): { getValue(key: symbol): unknown } };
}

interface OuterSpan {
  spanContext(): { traceId: string; spanId: string; traceFlags: number };
}

/** What a failed span says of its error. */
export function codeOf(error: unknown): string {
  const named = error as { code?: unknown; name?: unknown };
  return String(named?.code ?? named?.name ?? "Error");
}

function newSpan(name: string, kind: Span_SpanKind, parent: Span | undefined): Span {
  return {
    name,
    traceId: parent?.traceId ?? randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    parentSpanId: parent?.spanId ?? "",
    kind,
    startNs: nowNs(),
    endNs: 0n,
    error: "",
    attributes: {},
  };
}

function nowNs(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
}

function exportRequest(spans: readonly Span[], tracer: Tracer): ExportTraceServiceRequest {
  const attribute = (key: string, value: string) => ({
    key,
    value: { value: { case: "stringValue" as const, value } },
  });
  return create(ExportTraceServiceRequestSchema, {
    resourceSpans: [
      {
        resource: { attributes: [attribute("service.name", tracer.service)] },
        scopeSpans: [
          {
            scope: { name: tracer.scope },
            spans: spans.map((span) => ({
              traceId: Buffer.from(span.traceId, "hex"),
              spanId: Buffer.from(span.spanId, "hex"),
              parentSpanId: Buffer.from(span.parentSpanId, "hex"),
              flags: 1,
              name: span.name,
              kind: span.kind,
              startTimeUnixNano: span.startNs,
              endTimeUnixNano: span.endNs,
              attributes: Object.entries(span.attributes).map(([key, value]) => attribute(key, value)),
              ...(span.error && { status: { code: Status_StatusCode.ERROR, message: span.error } }),
            })),
          },
        ],
      },
    ],
  });
}
