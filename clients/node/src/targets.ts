/**
 * Where a download's bytes go: a file that appears whole or not at all, or what is no file and is written into.
 *
 * A regular file is made beside its place and renamed, so that nobody ever reads half of it. Symbolic links are followed
 * and stay. A device, a pipe or a socket cannot be replaced: bytes go into it as they come.
 */

import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";

const SCRATCH_NAME_CHARACTERS = 60;

/** Whether it is there and no regular file. */
export async function isStream(file: string): Promise<boolean> {
  const status = await statusOf(file);
  return status !== undefined && !status.isFile();
}

/** Gives `work` a function that writes what `file` is to hold. */
export async function written<Result>(
  file: string,
  work: (write: (data: Uint8Array) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  if (await isStream(file)) {
    const handle = await fs.open(file, "w");
    try {
      return await work((data) => handle.writeFile(data));
    } finally {
      await handle.close();
    }
  }
  return replaced(await placeOf(file), work);
}

/** A new file beside `file` that takes its place at the end, with its mode and owner; on an error it is removed. */
async function replaced<Result>(
  file: string,
  work: (write: (data: Uint8Array) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const shown = path.basename(file).slice(0, SCRATCH_NAME_CHARACTERS);
  const scratch = path.join(path.dirname(file), `.${shown}.${randomBytes(6).toString("hex")}.part`);
  const before = await statusOf(file);
  const handle = await fs.open(scratch, "wx", before === undefined ? 0o666 : 0o600).catch((error: unknown) => {
    throw aboutTarget(error, file);
  });
  try {
    let result: Result;
    try {
      result = await work((data) => handle.writeFile(data));
      if (before !== undefined) {
        await handle.chown(before.uid, before.gid).catch(() => undefined); // only root may give files away
        await handle.chmod(before.mode & 0o777);
      }
    } finally {
      await handle.close();
    }
    await fs.rename(scratch, file);
    return result;
  } catch (error) {
    await fs.rm(scratch, { force: true });
    throw error;
  }
}

/** The same failure with the name that the caller gave, in place of the scratch file's. */
function aboutTarget(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !("path" in error)) return error;
  const told = error.message.replace(String(error.path), file);
  return Object.assign(new Error(told, { cause: error }), { ...error, path: file });
}

/** The file that a name leads to, whether it is there or not. */
async function placeOf(file: string): Promise<string> {
  try {
    return await fs.realpath(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return path.resolve(file);
  }
}

async function statusOf(file: string): Promise<Stats | undefined> {
  try {
    return await fs.stat(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
}
