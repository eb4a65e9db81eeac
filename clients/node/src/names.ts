/** Resource names from what callers give: an id in the client's own account, or a full name. */

import { InvalidArgument } from "./errors.js";

/**
 * `accounts/{account}/{collection}/{id}` of an id, or of a full name of that shape.
 *
 * Throws InvalidArgument for a name of something else; whether an id is well formed is for the platform to say.
 */
export function nameOf(account: string, collection: string, given: string): string {
  text(given);
  if (given !== "" && !given.includes("/")) return `${account}/${collection}/${given}`;
  const parts = given.split("/");
  const [accounts, , middle] = parts;
  if (parts.length === 4 && accounts === "accounts" && middle === collection && parts.every(Boolean)) return given;
  throw new InvalidArgument(
    `${JSON.stringify(given)} names none of ${collection}: give an id, or accounts/<account>/${collection}/<id>`,
    { reason: "NAME_INVALID" },
  );
}

/** The same text. Throws InvalidArgument where it has half a surrogate pair, which has no UTF-8; TypeError for no text. */
export function text(given: string): string {
  const anything: unknown = given; // JavaScript gives what it likes
  if (typeof anything !== "string") {
    throw new TypeError(`a name is a text, not ${anything === null ? "null" : typeof anything}`);
  }
  if (given.isWellFormed()) return given;
  throw new InvalidArgument(`${JSON.stringify(given)} is not UTF-8, which all names are`, { reason: "NAME_INVALID" });
}
