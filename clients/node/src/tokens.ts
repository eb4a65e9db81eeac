/** Tokens and certificates. A client keeps its own fresh by itself; these are for others, and for renewing by hand. */

import * as path from "node:path";

import { newRequest } from "./certificates.js";
import { ProfileError } from "./errors.js";
import {
  type CreateCertificateResponse,
  CredentialService,
  type CreateTokenResponse,
} from "./gen/portico/gateway/v1/credentials_pb.js";
import { isRenewable, type Profile, write } from "./profiles.js";
import type { Session } from "./session.js";

const METHODS = CredentialService.method;

export class Tokens {
  constructor(private readonly session: Session) {}

  /**
   * Issues a token for the certificate's own principal or, with the permission, for another one of the account.
   *
   * `subject`: `accounts/{account}/principals/{id}`, or the id alone. `ttlSeconds`: 60 to 86,400; an hour if left out.
   * `bindCertificate`: the token is good only together with this client's certificate.
   */
  createToken({
    subject = "",
    ttlSeconds,
    bindCertificate = false,
  }: { subject?: string; ttlSeconds?: number; bindCertificate?: boolean } = {}): Promise<CreateTokenResponse> {
    const request = { subject: this.principal(subject), ...ttlOf(ttlSeconds), bindCertificate };
    return this.session.call(METHODS.createToken, request);
  }

  /**
   * Signs a certificate request (PKCS #10, DER); only its public key is taken. `subject`: as for `createToken`;
   * `ttlSeconds`: 3,600 to 7,776,000 (90 days), 30 days if left out.
   */
  createCertificate(
    certificateRequest: Uint8Array,
    { subject = "", ttlSeconds }: { subject?: string; ttlSeconds?: number } = {},
  ): Promise<CreateCertificateResponse> {
    const request = { certificateRequest, subject: this.principal(subject), ...ttlOf(ttlSeconds) };
    return this.session.call(METHODS.createCertificate, request);
  }

  /** Renews this client's own certificate now, with a new key, here and in the profile's folder. */
  async renewCertificate(): Promise<void> {
    if (!isRenewable(this.session.credentials.profile)) {
      throw new ProfileError("this client has no profile with a certificate to renew", { reason: "NOT_RENEWABLE" });
    }
    const { keyPem, requestDer } = newRequest();
    const issued = await this.createCertificate(requestDer);
    this.session.credentials.replaceCertificate(this.session, keyPem, issued);
  }

  /**
   * Makes a key, a certificate and a token, and writes them as a profile that another program or machine can use: into
   * `folder`, made if it is not there, 0700 with files 0600. The options are those of `createCertificate`.
   */
  async createProfile(folder: string, options: { subject?: string; ttlSeconds?: number } = {}): Promise<Profile> {
    const { keyPem, requestDer } = newRequest();
    const { certificatePem, authorityPem } = await this.createCertificate(requestDer, options);
    const { token } = await this.createToken({ subject: options.subject ?? "" });
    const { address, account } = this.session.credentials.profile;
    const made = { certificate: certificatePem, authority: authorityPem, key: keyPem, token, fixedToken: false };
    const profile = { address, account, name: path.basename(folder), folder, ...made };
    write(folder, profile);
    return profile;
  }

  /** This client's own token, renewed if it must be: good for other programs of the same user. */
  own(): Promise<string> {
    return this.session.credentials.token(this.session);
  }

  private principal(subject: string): string {
    return !subject || subject.includes("/") ? subject : `${this.session.account}/principals/${subject}`;
  }
}

function ttlOf(seconds: number | undefined): { ttl?: { seconds: bigint } } {
  return seconds === undefined ? {} : { ttl: { seconds: BigInt(seconds) } };
}
