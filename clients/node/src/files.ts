/**
 * Files that other processes read while we replace them: written whole under another name, then renamed.
 *
 * A key and its certificate are two files and cannot be renamed at once, so a pair is replaced in an order from which a
 * crash can be mended: first `key.next`, then `certificate.next`, both complete; then the key is renamed, then the
 * certificate. The Python SDK does the same, under the same lock.
 */

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Runs `work` holding the folder's exclusive lock against other processes. Node has no flock; the system's own `flock`
 * takes it on our open file, where it stays until that is closed. Where there is none, or for a folder that we may not
 * open, nothing is held.
 */
export function locked<Result>(folder: string, work: () => Result): Result {
  let descriptor: number;
  try {
    descriptor = fs.openSync(folder, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  } catch {
    return work();
  }
  try {
    spawnSync("flock", ["--exclusive", "3"], { stdio: ["ignore", "ignore", "ignore", descriptor], env: process.env });
    return work();
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Writes a file of mode 0600, whole or not at all, and durably. */
export function writeSecret(file: string, content: string | Uint8Array): void {
  const scratch = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString("hex")}`);
  const descriptor = fs.openSync(scratch, "wx", 0o600);
  try {
    try {
      fs.writeFileSync(descriptor, content);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    rename(scratch, file);
  } catch (error) {
    fs.rmSync(scratch, { force: true });
    throw error;
  }
}

/** Replaces a key and its certificate. Call with the folder's lock held. */
export function replacePair(key: string, keyPem: string, certificate: string, certificatePem: string): void {
  writeSecret(next(key), keyPem);
  writeSecret(next(certificate), certificatePem);
  settlePair(key, certificate);
}

/** Finishes, or throws away, a replacement that was cut short. Call with the folder's lock held. */
export function settlePair(key: string, certificate: string): void {
  if (fs.existsSync(next(certificate))) {
    if (fs.existsSync(next(key))) rename(next(key), key);
    rename(next(certificate), certificate);
  } else {
    fs.rmSync(next(key), { force: true });
  }
}

/** Durably, so that after a loss of power renames are not there in another order than they were made. */
function rename(source: string, target: string): void {
  fs.renameSync(source, target);
  const folder = fs.openSync(path.dirname(target), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(folder);
  } finally {
    fs.closeSync(folder);
  }
}

/** Where a new one stands before it takes the place of the old. */
export function next(file: string): string {
  return `${file}.next`;
}
