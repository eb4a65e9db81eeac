/** Any contract's service as an object of typed methods, for what the client has no method for. */

import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";

import { factsOf } from "./methods.js";
import type { Session } from "./session.js";
import type { Method, Requests } from "./transport.js";

/** The methods of a service: a promise where one message is answered, an asynchronous iterable where a stream is. */
export type Service<S extends DescService> = {
  [Name in keyof S["method"]]: S["method"][Name] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>) => Promise<MessageShape<O>>
    : S["method"][Name] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>) => AsyncIterable<MessageShape<O>>
      : S["method"][Name] extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageInitShape<I>>) => Promise<MessageShape<O>>
        : S["method"][Name] extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: AsyncIterable<MessageInitShape<I>>) => AsyncIterable<MessageShape<O>>
          : never;
};

/** The service's methods over a session; calls are made as the client's own: with token and retries. */
export function serviceOf<S extends DescService>(session: Session, service: S): Service<S> {
  const methods = service.methods.map((method) => [method.localName, caller(session, method)]);
  return Object.fromEntries(methods) as Service<S>;
}

function caller(session: Session, method: DescService["methods"][number]): (requests: Requests<DescMessage>) => unknown {
  const { repeatable } = factsOf(method);
  switch (method.methodKind) {
    case "unary":
      return (request) => session.call(method, request as MessageInitShape<DescMessage>);
    case "client_streaming":
      return (requests) => session.exchange(method, requests, session.options.transferTimeoutSeconds, false);
    case "server_streaming":
      return (request) => answers(session, method, request, repeatable);
    case "bidi_streaming":
      return (requests) => answers(session, method, requests, false);
  }
}

async function* answers(
  session: Session,
  method: Method<DescMessage, DescMessage>,
  requests: Requests<DescMessage>,
  repeatable: boolean,
): AsyncGenerator<unknown, void, undefined> {
  const stream = await session.stream(method, requests, repeatable);
  try {
    for (let message = await stream.read(); message !== undefined; message = await stream.read()) yield message;
  } finally {
    stream.close();
  }
}
