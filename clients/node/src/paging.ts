/** Lists as asynchronous iterators: page after page is asked for as it is needed (AIP-158). */

import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

import type { Session } from "./session.js";
import type { Method } from "./transport.js";

/** Iterates over all items of a list, page by page as they are needed; `pages()` gives the whole answers. */
export class Listing<Item, I extends DescMessage, O extends DescMessage> implements AsyncIterable<Item> {
  /** The request's `pageToken` is filled in; `items` takes a page's items. */
  constructor(
    private readonly session: Session,
    private readonly method: Method<I, O>,
    private readonly request: MessageInitShape<I>,
    private readonly items: (page: MessageShape<O>) => readonly Item[],
  ) {}

  /** The answers as they came, with what else they hold (`prefixes`). */
  async *pages(): AsyncGenerator<MessageShape<O>, void, undefined> {
    let pageToken = "";
    do {
      const page = await this.session.call(this.method, { ...this.request, pageToken });
      yield page;
      pageToken = (page as { nextPageToken?: string }).nextPageToken ?? "";
    } while (pageToken);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* this.items(page);
  }

  /** All of them in memory. */
  async all(): Promise<Item[]> {
    const found: Item[] = [];
    for await (const item of this) found.push(item);
    return found;
  }
}
