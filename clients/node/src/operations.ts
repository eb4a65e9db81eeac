/** Work longer than a call (`google.longrunning`): operations named `operations/{product}/{id}`. */

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";

import { DeadlineExceeded } from "./errors.js";
import { errorIn } from "./failures.js";
import {
  type ListOperationsRequestSchema,
  type ListOperationsResponseSchema,
  type Operation,
  Operations as OperationsService,
} from "./gen/google/longrunning/operations_pb.js";
import { Code } from "./gen/google/rpc/code_pb.js";
import { Listing } from "./paging.js";
import { Deadline } from "./retries.js";
import { pauseFor, type Session } from "./session.js";

const METHODS = OperationsService.method;
const FIRST_PAUSE_SECONDS = 0.05;
const LONGEST_PAUSE_SECONDS = 2;

/** Asks after an operation until it is done; answers it. Throws its error, or DeadlineExceeded. */
export async function finished(session: Session, pending: Operation, waitSeconds: number): Promise<Operation> {
  const deadline = new Deadline(waitSeconds);
  let operation = pending;
  for (let pause = FIRST_PAUSE_SECONDS; !operation.done; pause = Math.min(LONGEST_PAUSE_SECONDS, pause * 2)) {
    if (deadline.leftSeconds() < pause) {
      throw new DeadlineExceeded(`${pending.name} still runs after ${waitSeconds} s; ask again later`);
    }
    await pauseFor(pause, session.options.signal);
    operation = await session.call(METHODS.getOperation, { name: pending.name });
  }
  if (operation.result.case === "error") {
    const status = operation.result.value;
    throw errorIn(status, Code[status.code] ?? "UNKNOWN", status.message, { more: { operation: operation.name } });
  }
  return operation;
}

/** The result of an operation that is done. Throws TypeError where it is of another type than its contract promises. */
export function resultOf<Desc extends DescMessage>(operation: Operation, schema: Desc): MessageShape<Desc> {
  const packed = operation.result.case === "response" ? operation.result.value : undefined;
  const result = packed && anyUnpack(packed, schema);
  if (result === undefined) throw new TypeError(`${operation.name} has not the result that its contract promises`);
  return result;
}

export class Operations {
  constructor(private readonly session: Session) {}

  /** Answers an operation as it stands. Throws NotFound. */
  get(name: string): Promise<Operation> {
    return this.session.call(METHODS.getOperation, { name });
  }

  /** Waits until an operation is done; answers it. Throws its error, or DeadlineExceeded. */
  async wait(name: string, { waitSeconds = 600 }: { waitSeconds?: number } = {}): Promise<Operation> {
    return finished(this.session, await this.get(name), waitSeconds);
  }

  /** Waits on the platform's side, by one call; answers the operation, which may still run. */
  waitOnce(name: string, { waitSeconds = 30 }: { waitSeconds?: number } = {}): Promise<Operation> {
    const timeout = { seconds: BigInt(Math.floor(waitSeconds)) };
    return this.session.call(METHODS.waitOperation, { name, timeout });
  }

  /** A product's operations: `list("objects")`; without a product those of all. */
  list(
    product = "",
    { pageSize = 0 }: { pageSize?: number } = {},
  ): Listing<Operation, typeof ListOperationsRequestSchema, typeof ListOperationsResponseSchema> {
    const request = { name: product ? `operations/${product}` : "operations", pageSize };
    return new Listing(this.session, METHODS.listOperations, request, (page) => page.operations);
  }

  /** Asks an operation to stop; what it did stays done. */
  async cancel(name: string): Promise<void> {
    await this.session.call(METHODS.cancelOperation, { name });
  }

  /** Forgets an operation that is done. */
  async delete(name: string): Promise<void> {
    await this.session.call(METHODS.deleteOperation, { name });
  }
}
