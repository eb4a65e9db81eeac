/** Tokens and certificates: kept fresh, handed to others, refused. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";

import { connect, PermissionDenied, ProfileError, Unauthenticated } from "../src/index.js";
import { bucketOf, client, profileFolder, scratchFolder } from "./platform.js";
import { collect } from "./collect.js";

test("a token is made by the certificate alone, and kept", async (t) => {
  const profile = profileFolder(t);
  fs.rmSync(path.join(profile, "token"));
  await client(t, { profile }).buckets.list().all();
  const kept = path.join(profile, "token");
  assert.equal(fs.readFileSync(kept, "utf8").split(".").length, 3);
  assert.equal(fs.statSync(kept).mode & 0o777, 0o600);
});

test("many calls at once renew a token once", async (t) => {
  const profile = profileFolder(t);
  fs.rmSync(path.join(profile, "token"));
  const portico = client(t, { profile });
  await Promise.all(Array.from({ length: 10 }, () => portico.buckets.list().all()));
  const [page] = await collect(
    portico.requestEvents.list({ method: "/portico.gateway.v1.CredentialService/CreateToken" }).pages(),
  );
  assert.ok(page !== undefined);
});

test("a token that the platform calls stale is renewed", async (t) => {
  const profile = profileFolder(t);
  const bound = await client(t, { profile }).tokens.createToken({ bindCertificate: true });
  const renewing = client(t, { profile });
  await renewing.tokens.renewCertificate();
  fs.writeFileSync(path.join(profile, "token"), bound.token, { mode: 0o600 }); // of the certificate before
  await client(t, { profile }).buckets.list().all();
  assert.notEqual(fs.readFileSync(path.join(profile, "token"), "utf8"), bound.token);
});

test("a bound token needs its certificate", async (t) => {
  const profile = profileFolder(t);
  const { token } = await client(t, { profile }).tokens.createToken({ bindCertificate: true, ttlSeconds: 60 });
  await client(t, { profile, token }).buckets.list().all();
  await client(t, { profile }).tokens.renewCertificate();
  await assert.rejects(client(t, { profile, token }).buckets.list().all(), (error) => {
    assert.ok(error instanceof Unauthenticated);
    assert.equal(error.reason, "CERTIFICATE_MISMATCH");
    return true;
  });
});

test("a renewed certificate is let in, and is the key's", async (t) => {
  const profile = profileFolder(t);
  const before = fs.readFileSync(path.join(profile, "client.key"));
  const portico = client(t, { profile });
  await portico.tokens.renewCertificate();
  await portico.buckets.list().all();
  assert.notDeepEqual(fs.readFileSync(path.join(profile, "client.key")), before);
  const uri = new X509Certificate(fs.readFileSync(path.join(profile, "client.pem"))).subjectAltName;
  assert.match(uri ?? "", /^URI:spiffe:/);
  assert.equal(await client(t, { profile }).health.check(), "SERVING");
});

test("a renewal that was cut short is finished", async (t) => {
  const profile = profileFolder(t);
  await client(t, { profile }).tokens.renewCertificate();
  const [key, certificate] = [path.join(profile, "client.key"), path.join(profile, "client.pem")];
  fs.renameSync(certificate, `${certificate}.next`);
  fs.copyFileSync(path.join(profileFolder(t), "client.pem"), certificate); // the key is new, the certificate is not
  assert.equal(await client(t, { profile }).health.check(), "SERVING");
  assert.ok(!fs.existsSync(`${certificate}.next`) && fs.existsSync(key));
});

test("an authority that the profile's folder has got meanwhile is believed", async (t) => {
  const profile = profileFolder(t);
  const authority = path.join(profile, "ca.pem");
  const right = fs.readFileSync(authority);
  fs.copyFileSync(path.join(profile, "client.pem"), authority); // which has issued nothing
  const portico = client(t, { profile });
  fs.writeFileSync(authority, right);
  await portico.buckets.list().all();
});

test("an authority that the platform has got meanwhile is taken up, with a certificate of it", async (t) => {
  const profile = profileFolder(t);
  const [authority, certificate] = [path.join(profile, "ca.pem"), path.join(profile, "client.pem")];
  const [right, before] = [fs.readFileSync(authority), fs.readFileSync(certificate)];
  fs.appendFileSync(authority, before); // so what is believed here is not what the platform says
  fs.rmSync(path.join(profile, "token"));
  const portico = client(t, { profile });
  await portico.buckets.list().all(); // a token, which tells of it
  await portico.buckets.list().all();
  assert.deepEqual(fs.readFileSync(authority), right);
  assert.notDeepEqual(fs.readFileSync(certificate), before);
  assert.equal(await client(t, { profile }).health.check(), "SERVING");
});

test("another principal may do only what the policy says", async (t) => {
  const portico = client(t);
  const bucket = await bucketOf(t, portico);
  const folder = path.join(scratchFolder(t), "visitor");
  await portico.tokens.createProfile(folder, { subject: "visitor", ttlSeconds: 3600 });
  const visitor = client(t, { profile: folder });
  await assert.rejects(visitor.objects.put(bucket, "k", Buffer.from("x")), (error) => {
    assert.ok(error instanceof PermissionDenied);
    assert.match(error.metadata["resource"] ?? "", new RegExp(`/buckets/${bucket}/objects/k$`));
    return true;
  });
});

test("an account that is none is told with its profile and field", (t) => {
  const profile = profileFolder(t);
  const file = path.join(profile, "profile.toml");
  fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/^account = .*$/m, 'account = "accounts/acme"'));
  assert.throws(
    () => connect({ profile }),
    (error) =>
      error instanceof ProfileError && error.message.includes(`account in ${file}`) && error.message.includes('"acme"'),
  );
});

test("a profile that cannot be used says what to do", async (t) => {
  const profile = profileFolder(t);
  const reason = (named: string) => (error: unknown) => error instanceof ProfileError && error.reason === named;
  assert.throws(() => connect({ profile: path.join(profile, "none") }), reason("PROFILE_MISSING"));
  fs.chmodSync(path.join(profile, "client.key"), 0o644);
  assert.throws(() => connect({ profile }), reason("PROFILE_OPEN"));
  fs.chmodSync(path.join(profile, "client.key"), 0o600);
  fs.appendFileSync(path.join(profile, "profile.toml"), "address = localhost\n");
  assert.throws(() => connect({ profile }), reason("PROFILE_UNREADABLE"));
});
