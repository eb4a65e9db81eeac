/** `connect`: from a profile and what is given in its place to a client. */

import { Client } from "./client.js";
import { Credentials } from "./credentials.js";
import { load, type Profile, readPem } from "./profiles.js";
import { type Options, Session, USUAL } from "./session.js";
import { Tracer } from "./tracing.js";
import { Transport } from "./transport.js";

/**
 * What may be said of a connection; what is not said comes from the profile.
 *
 * `profile`: its name, or its folder (with a slash); left out: PORTICO_PROFILE's, or `default`. With `address` and without
 * `profile` none is read. `address` (`host:port`), `account`, and the PEM files `authorityFile`, `certificateFile`,
 * `keyFile` stand in the place of the profile's own. `token` is used as it is and never renewed. `service` names the
 * program in its spans, `scope` its part that records them.
 */
export interface Connection extends Partial<Options> {
  readonly profile?: string | Profile;
  readonly address?: string;
  readonly account?: string;
  readonly token?: string;
  readonly authorityFile?: string;
  readonly certificateFile?: string;
  readonly keyFile?: string;
  readonly service?: string;
  readonly scope?: string;
}

/** Answers a client; nothing is sent before the first call. Throws ProfileError: the profile is missing or unusable. */
export function connect(connection: Connection = {}): Client {
  const { profile: _profile, address: _address, account: _account, token: _token, ...rest } = connection;
  const { authorityFile: _authority, certificateFile: _certificate, keyFile: _key, ...named } = rest;
  const { service = "node", scope = "sdk", ...options } = named;
  const profile = profileOf(connection);
  const session = new Session(
    new Transport(profile),
    new Credentials(profile),
    new Tracer(service, scope),
    { ...USUAL, ...options },
  );
  return new Client(session);
}

function profileOf(connection: Connection): Profile {
  const { profile, address, account, token, authorityFile, certificateFile, keyFile } = connection;
  let base: Profile;
  if (typeof profile === "object") base = profile;
  else if (profile === undefined && address !== undefined) {
    base = { address, account: "default", name: "", token: "", fixedToken: false };
  } else base = load(profile);
  return {
    ...base,
    ...(address !== undefined && { address }),
    ...(account !== undefined && { account }),
    ...(authorityFile !== undefined && { authority: readPem(authorityFile), fixedAuthority: true }),
    ...(certificateFile !== undefined && { certificate: readPem(certificateFile) }),
    ...(keyFile !== undefined && { key: readPem(keyFile) }),
    ...(token !== undefined && { token, fixedToken: true }),
    // It is not the profile's certificate that would be renewed.
    ...((certificateFile !== undefined || keyFile !== undefined) && { folder: undefined }),
  };
}
