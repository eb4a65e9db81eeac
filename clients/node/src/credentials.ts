/**
 * Keeps the caller's token and certificate fresh, in memory and in the profile's folder.
 *
 * The token is renewed by CreateToken when a fifth of its life is left; the certificate by CreateCertificate, with a new
 * key, when a third of its life is left, or when the platform's authority changes, which each new token tells. Both calls are authorized by the client certificate. Other processes may renew
 * the same profile: the folder is looked at first, files are replaced whole, and a renewal that fails matters only when
 * what we have is no longer good.
 */

import * as path from "node:path";

import { isDue, newRequest } from "./certificates.js";
import { PorticoError } from "./errors.js";
import { locked, replacePair, writeSecret } from "./files.js";
import { CredentialService } from "./gen/portico/gateway/v1/credentials_pb.js";
import { AUTHORITY, CERTIFICATE, isRenewable, KEY, type Profile, stored, storedToken, TOKEN } from "./profiles.js";
import type { Session } from "./session.js";

const RENEWAL_SHARE = 0.2;

/** What a CreateCertificateResponse brings. */
interface Issued {
  readonly certificatePem: string;
  readonly authorityPem: string;
}

/** The token and certificate of one client, which all its calls share. */
export class Credentials {
  private certificateChecked: boolean;
  private authorityChanges = false;
  private renewing: Promise<void> | undefined;
  private held = "";
  private expiresAt = 0;
  private renewAt = 0;

  constructor(public profile: Profile) {
    this.certificateChecked = !isRenewable(profile);
    this.take(profile.token);
  }

  /** A token that is good for a while, renewed if it must be; empty if the profile has neither token nor certificate. */
  async token(session: Session): Promise<string> {
    if (!this.certificateChecked || this.due()) {
      this.renewing ??= this.renew(session).finally(() => (this.renewing = undefined)); // one renewal for all callers
      await this.renewing;
    }
    return this.held;
  }

  /** The platform called this token stale: whether another one can be had. */
  refuse(token: string): boolean {
    if (this.profile.fixedToken || !isRenewable(this.profile)) return false;
    if (token === this.held) this.renewAt = this.expiresAt = 0;
    return true;
  }

  /**
   * Takes into use what another process, or the platform on this machine, has put into the profile's folder; whether that
   * is another certificate or authority.
   */
  lookAgain(session: Session): boolean {
    const found = isRenewable(this.profile) ? stored(this.profile) : undefined;
    if (found === undefined) return false;
    this.profile = found;
    session.transport.reconnect(found);
    return true;
  }

  /**
   * Takes a new key, and the certificate and authorities that were issued (PEM), into use and into the profile's folder. A
   * token bound to the old one goes.
   */
  replaceCertificate(session: Session, keyPem: string, { certificatePem, authorityPem }: Issued): void {
    const changes = this.follows(authorityPem) ? { authority: authorityPem } : {};
    this.profile = { ...this.profile, certificate: certificatePem, key: keyPem, ...changes };
    this.authorityChanges = false;
    session.transport.reconnect(this.profile);
    if ("cnf" in claimsOf(this.held)) this.take("");
    const { folder } = this.profile;
    if (folder === undefined) return;
    const [key, certificate] = [path.join(folder, KEY), path.join(folder, CERTIFICATE)];
    this.keep("certificate", folder, () =>
      locked(folder, () => {
        if (changes.authority) writeSecret(path.join(folder, AUTHORITY), changes.authority); // the certificate may be its
        replacePair(key, keyPem, certificate, certificatePem);
      }),
    );
  }

  /** Whether this authority would be believed in the place of the profile's: not where one was given, or the system's are
   * believed. */
  private follows(authorityPem: string): boolean {
    return authorityPem !== "" && this.profile.authority !== undefined && this.profile.fixedAuthority !== true;
  }

  private due(): boolean {
    return isRenewable(this.profile) && !this.profile.fixedToken && nowSeconds() >= this.renewAt;
  }

  private take(token: string): void {
    this.held = token;
    const claims = claimsOf(token);
    const issuedAt = Number(claims["iat"] ?? 0);
    this.expiresAt = expiryOf(claims);
    this.renewAt = this.expiresAt - RENEWAL_SHARE * (this.expiresAt - (Number.isFinite(issuedAt) ? issuedAt : 0));
  }

  private async renew(session: Session): Promise<void> {
    const unsignalled = session.withOptions({ signal: undefined }); // it is not only this caller who waits for it
    if (!this.certificateChecked) {
      await this.renewCertificate(unsignalled);
      this.certificateChecked = true;
    }
    if (this.due()) await this.renewToken(unsignalled);
  }

  private async renewToken(session: Session): Promise<void> {
    const { folder } = this.profile;
    if (folder === undefined) return;
    const refused = this.renewAt === 0 ? this.held : "";
    const stored = storedToken(folder);
    if (stored !== refused && expiryOf(claimsOf(stored)) > this.expiresAt) { // else ours is the better one
      this.take(stored);
      if (!this.due()) return;
    }
    let token: string, authorityPem: string;
    try {
      ({ token, authorityPem } = await session.call(CredentialService.method.createToken, {}, true));
    } catch (error) {
      if (!(error instanceof PorticoError) || nowSeconds() >= this.expiresAt) throw error;
      warn(`the token could not be renewed, the old one is used until it expires: ${error.message}`);
      return;
    }
    this.take(token);
    this.authorityChanges = this.follows(authorityPem) && authorityPem !== this.profile.authority;
    this.keep("token", folder, () => writeSecret(path.join(folder, TOKEN), token));
    this.certificateChecked = false; // a good moment to look at the certificate, once in a token's life
  }

  /** Renews the certificate if it is due; a failure is only told, for the certificate may still be good for weeks. */
  private async renewCertificate(session: Session): Promise<void> {
    this.lookAgain(session);
    if (!isRenewable(this.profile)) return;
    if (!this.authorityChanges && !isDue(this.profile.certificate, this.profile.name)) return;
    const { keyPem, requestDer } = newRequest();
    try {
      const request = { certificateRequest: requestDer };
      const response = await session.call(CredentialService.method.createCertificate, request, true);
      this.replaceCertificate(session, keyPem, response);
    } catch (error) {
      if (!(error instanceof PorticoError)) throw error;
      warn(`the client certificate could not be renewed: ${error.message}`);
    }
  }

  private keep(what: string, folder: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      warn(`the renewed ${what} cannot be written to ${folder}: ${(error as Error).message}`);
    }
  }
}

function nowSeconds(): number {
  return Date.now() / 1000;
}

/** When a token with these claims expires, in seconds since 1970; without one, long ago. */
function expiryOf(claims: Readonly<Record<string, unknown>>): number {
  const expiresAt = Number(claims["exp"] ?? 0);
  return Number.isFinite(expiresAt) ? expiresAt : 0;
}

function warn(told: string): void {
  process.emitWarning(told, "PorticoWarning");
}

/** What a JWT says, unverified (that is the platform's part); nothing if it is not one. */
function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return typeof claims === "object" && claims !== null ? { ...claims } : {};
  } catch {
    return {};
  }
}
