/** What the tests share: the profile of the platform that `tests/languages/test_node.py` started, and ways to break it. */

import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import type { TestContext } from "node:test";

import { type Client, connect, type Connection } from "../src/index.js";

const PROFILE = process.env["PORTICO_TEST_PROFILE"] ?? "";
export const MEBIBYTE = 1024 * 1024;
export const SECONDS = 60;

if (!PROFILE) throw new Error("PORTICO_TEST_PROFILE must name a running platform's profile folder");

/** A copy of the administrator's profile, which the test may change. */
export function profileFolder(test: TestContext): string {
  const folder = scratchFolder(test);
  const copy = path.join(folder, "profile");
  fs.cpSync(PROFILE, copy, { recursive: true });
  return copy;
}

/** An empty folder that goes with the test. */
export function scratchFolder(test: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "portico-node-"));
  test.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A client that is closed with the test. */
export function client(test: TestContext, connection: Connection = {}): Client {
  const made = connect({ profile: profileFolder(test), transferTimeoutSeconds: SECONDS, ...connection });
  test.after(() => made.close());
  return made;
}

/** A bucket of the test's own. */
export async function bucketOf(
  test: TestContext,
  made: Client,
  options: Parameters<Client["buckets"]["create"]>[1] = {},
): Promise<string> {
  const name = `node-${randomBytes(4).toString("hex")}`;
  await made.buckets.create(name, options);
  test.after(async () => {
    const last = connect({ profile: PROFILE }); // the test's own client is closed by now
    await last.buckets.delete(name, { force: true });
    await last.close();
  });
  return name;
}

/** What `look` answers as soon as it answers something. */
export async function eventually<Found>(look: () => Promise<Found | undefined>, what: string): Promise<Found> {
  const end = performance.now() + SECONDS * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited ${SECONDS} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A way to the platform that may be cut: `decide` is asked at each connection, and then told of each piece that comes
 * back; where it answers false, the connection is cut. */
export async function cutting(
  test: TestContext,
  decide: (connection: number, receivedBytes: number) => boolean,
): Promise<{ address: string; connections: () => number }> {
  const { address } = JSON.parse(JSON.stringify(connect({ profile: PROFILE }).profile)) as { address: string };
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  let connections = 0;
  const open = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const number = ++connections;
    const far = net.connect(port, "127.0.0.1");
    let received = 0;
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => (near.destroy(), far.destroy(), open.delete(socket)));
    }
    if (!decide(number, 0)) return void near.resetAndDestroy();
    near.pipe(far);
    far.on("data", (piece) => {
      received += piece.length;
      if (!decide(number, received)) near.resetAndDestroy();
      else if (!near.write(piece)) far.pause();
    });
    near.on("drain", () => far.resume());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { address: `localhost:${(server.address() as net.AddressInfo).port}`, connections: () => connections };
}
