/** When a client certificate must be renewed, and the key and request (PKCS #10) for the new one. */

import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";

import { ProfileError } from "./errors.js";

const RENEWAL_SHARE = 1 / 3;

/** Whether less than a third of a certificate's life is left. Throws ProfileError if nothing is. */
export function isDue(certificatePem: string, profileName: string, nowMs: number = Date.now()): boolean {
  let begin: number, end: number;
  try {
    const parsed = new X509Certificate(certificatePem);
    [begin, end] = [Date.parse(parsed.validFrom), Date.parse(parsed.validTo)];
  } catch (error) {
    const told = `client.pem is no certificate: ${(error as Error).message}`;
    throw new ProfileError(told, { reason: "PROFILE_UNREADABLE" });
  }
  if (end <= nowMs) {
    throw new ProfileError(
      `the client certificate of the profile ${profileName} expired at ${new Date(end).toISOString()}: on the platform's ` +
        "machine restart it (`portico down`, `portico up`), which writes a new one; elsewhere ask its administrator",
      { reason: "CERTIFICATE_EXPIRED" },
    );
  }
  return end - nowMs < RENEWAL_SHARE * (end - begin);
}

/** A new EC P-256 key (PEM) and a request for its certificate (DER). Names are left out: the platform ignores them. */
export function newRequest(): { keyPem: string; requestDer: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const info = der(SEQUENCE, [
    der(INTEGER, [Buffer.of(0)]), // the version
    der(SEQUENCE, []), // the subject: no names
    publicKey.export({ type: "spki", format: "der" }),
    der(ATTRIBUTES, []),
  ]);
  const signature = sign("sha256", info, privateKey);
  const requestDer = der(SEQUENCE, [info, ECDSA_WITH_SHA256, der(BIT_STRING, [Buffer.of(0), signature])]);
  return { keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), requestDer };
}

// Tags of ASN.1 (X.690), as far as RFC 2986 needs them.
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;
const ATTRIBUTES = 0xa0;
// AlgorithmIdentifier of 1.2.840.10045.4.3.2 (RFC 5758).
const ECDSA_WITH_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");

function der(tag: number, contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
