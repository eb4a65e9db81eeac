/**
 * Profiles: how to reach a platform and who to be there.
 *
 * A profile is a folder (0700) with files (0600): `profile.toml` (address, account), `ca.pem`, `client.pem`, `client.key`
 * and `token`. `portico up` writes the profile `default` on its first start. They stand in
 * `$XDG_CONFIG_HOME/portico/profiles/` (`~/.config` by default); `PORTICO_PROFILE` names another one,
 * `PORTICO_PROFILE_DIR` the whole folder of one. Over a profile's values stand `PORTICO_ADDRESS`, `PORTICO_ACCOUNT` and
 * `PORTICO_TOKEN` (which is then used as it is, and never renewed).
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { ProfileError } from "./errors.js";
import { locked, next, settlePair, writeSecret } from "./files.js";

export const CERTIFICATE = "client.pem";
export const KEY = "client.key";
export const AUTHORITY = "ca.pem";
export const TOKEN = "token";
const ACCOUNT = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Everything needed to open a channel. Certificates and key are PEM; `folder` is where renewed ones are written. */
export interface Profile {
  readonly address: string;
  readonly account: string;
  readonly name: string;
  readonly folder?: string | undefined;
  readonly authority?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly token: string;
  readonly fixedToken: boolean;
  /** Whether the authority was given beside the profile, so that the folder's does not take its place. */
  readonly fixedAuthority?: boolean;
}

/** Whether token and certificate can be renewed: there is a certificate to show and a folder to write to. */
export function isRenewable(
  profile: Profile,
): profile is Profile & { readonly folder: string; readonly certificate: string; readonly key: string } {
  return profile.folder !== undefined && profile.certificate !== undefined && profile.key !== undefined;
}

/** The folder of the named profile; without a name, that of the environment's or the default one. What holds a slash is
 * a folder itself. */
export function folderOf(name?: string): string {
  const { env } = process;
  if (name === undefined && env["PORTICO_PROFILE_DIR"]) return env["PORTICO_PROFILE_DIR"];
  const chosen = name || env["PORTICO_PROFILE"] || "default";
  if (chosen.includes("/")) return chosen.replace(/^~(?=\/)/, os.homedir());
  const base = env["XDG_CONFIG_HOME"] || path.join(os.homedir(), ".config");
  return path.join(base, "portico", "profiles", chosen);
}

/** Reads a profile. Throws ProfileError where it is missing, unreadable, or open to other users. */
export function load(name?: string): Profile {
  const folder = folderOf(name);
  const values = valuesOf(folder);
  const [key, certificate] = [path.join(folder, KEY), path.join(folder, CERTIFICATE)];
  const read = () => ({ certificate: readFile(certificate), key: readSecret(key) });
  let pair = read();
  if (fs.existsSync(next(key)) || fs.existsSync(next(certificate)) || !belongTogether(pair)) {
    pair = locked(folder, () => (settlePair(key, certificate), read())); // a renewal was cut short, or runs
  }
  const fixed = process.env["PORTICO_TOKEN"] ?? "";
  return {
    address: process.env["PORTICO_ADDRESS"] || textIn(folder, values, "address"),
    account: accountIn(folder, values),
    name: path.basename(folder),
    folder,
    authority: readFile(path.join(folder, AUTHORITY)),
    ...pair,
    token: fixed || storedToken(folder),
    fixedToken: fixed !== "",
  };
}

/** The profile with what its folder holds now, where that is another certificate or authority; undefined where it is the
 * same, or cannot be read. */
export function stored(profile: Profile & { readonly folder: string }): Profile | undefined {
  const { folder } = profile;
  const [found, certificate, key] = locked(folder, () =>
    [AUTHORITY, CERTIFICATE, KEY].map((name) => readIfPossible(path.join(folder, name))),
  );
  const authority = profile.fixedAuthority ? profile.authority : found;
  if (certificate === undefined || key === undefined) return undefined;
  if (profile.authority !== undefined && authority === undefined) return undefined;
  if (authority === profile.authority && certificate === profile.certificate) return undefined;
  return { ...profile, authority, certificate, key };
}

/** Writes a new profile into its folder: 0700, the files 0600. */
export function write(folder: string, profile: Profile): void {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.chmodSync(folder, 0o700);
  const contents = {
    [AUTHORITY]: profile.authority,
    [KEY]: profile.key,
    [CERTIFICATE]: profile.certificate,
    [TOKEN]: profile.token,
  };
  for (const [name, content] of Object.entries(contents)) if (content) writeSecret(path.join(folder, name), content);
  const values = { address: profile.address, account: profile.account };
  const lines = Object.entries(values).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  writeSecret(path.join(folder, "profile.toml"), lines.join("")); // last: it makes a folder a profile
}

/** The token in a profile's folder, empty if there is none. */
export function storedToken(folder: string): string {
  return (readSecret(path.join(folder, TOKEN)) ?? "").trim();
}

/** A PEM file that the caller named. Throws ProfileError. */
export function readPem(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new ProfileError(`cannot read ${file}: ${(error as Error).message}`, { reason: "FILE_UNREADABLE" });
  }
}

function readIfPossible(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function belongTogether(pair: { certificate: string | undefined; key: string | undefined }): boolean {
  if (pair.certificate === undefined || pair.key === undefined) return true;
  try {
    return new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key));
  } catch {
    return true; // not PEM: the channel will say so
  }
}

function valuesOf(folder: string): ReadonlyMap<string, string> {
  const file = path.join(folder, "profile.toml");
  let content: string;
  try {
    content = fs.readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new ProfileError(`cannot read ${file}: ${(error as Error).message}`, { reason: "PROFILE_UNREADABLE" });
    }
    const remedy = "start a platform with `portico up`, which writes one, or choose another by PORTICO_PROFILE";
    throw new ProfileError(`there is no profile at ${folder}: ${remedy}`, { reason: "PROFILE_MISSING" });
  }
  return parse(file, content);
}

/** The part of TOML that profiles are written in: `key = "text"`, a line each, and comments. */
function parse(file: string, content: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const found = /^\s*(\w+)\s*=\s*(?:("(?:[^"\\]|\\.)*")|'([^']*)')\s*(#.*)?$/.exec(line);
    try {
      if (found?.[1] === undefined) throw new SyntaxError('it is not of the form key = "text"');
      values.set(found[1], found[2] === undefined ? (found[3] ?? "") : String(JSON.parse(found[2])));
    } catch (error) {
      const told = `cannot read ${file}, line ${index + 1}: ${(error as Error).message}`;
      throw new ProfileError(told, { reason: "PROFILE_UNREADABLE" });
    }
  }
  return values;
}

/** The id of the account to work in. Throws ProfileError, which says where the one stands that is none. */
function accountIn(folder: string, values: ReadonlyMap<string, string>): string {
  const given = process.env["PORTICO_ACCOUNT"];
  const account = given || textIn(folder, values, "account", "default");
  if (ACCOUNT.test(account)) return account;
  const file = path.join(folder, "profile.toml");
  const where = given ? "the variable PORTICO_ACCOUNT" : `account in ${file} (the profile ${path.basename(folder)})`;
  const meant = account.replace(/^accounts\//, "");
  const rule = ACCOUNT.test(meant) ? `write "${meant}"` : "1 to 63 lower-case letters, digits and hyphens";
  throw new ProfileError(`${where} is "${account}", which is no account's id: ${rule}`, { reason: "PROFILE_UNREADABLE" });
}

function textIn(folder: string, values: ReadonlyMap<string, string>, key: string, otherwise = ""): string {
  const value = values.get(key) ?? otherwise;
  if (value) return value;
  throw new ProfileError(`${path.join(folder, "profile.toml")} needs ${key} = "…"`, { reason: "PROFILE_UNREADABLE" });
}

function readFile(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new ProfileError(`cannot read ${file}: ${(error as Error).message}`, { reason: "PROFILE_UNREADABLE" });
  }
}

/** Like `readFile`, and refuses what other users could read, if it is ours to close. */
function readSecret(file: string): string | undefined {
  const content = readFile(file);
  if (content !== undefined) {
    const status = fs.statSync(file);
    if (status.uid === process.getuid?.() && (status.mode & 0o077) !== 0) {
      throw new ProfileError(`other users may read ${file}: run chmod 600 ${file}`, { reason: "PROFILE_OPEN" });
    }
  }
  return content;
}
