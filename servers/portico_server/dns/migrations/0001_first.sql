-- Zones and their records. Times are microseconds since 1970-01-01 UTC; zone is always the zone's name,
-- accounts/{account}/zones/{domain}. DESIGN.md says why it is cut like this.

CREATE TABLE zone (
  name TEXT NOT NULL PRIMARY KEY,
  domain TEXT NOT NULL,
  created_at_us INTEGER NOT NULL,
  updated_at_us INTEGER NOT NULL,
  etag TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
  verified_at_us INTEGER NOT NULL,  -- 0: pending
  verified_by INTEGER NOT NULL,  -- the contract's numbers; 0: pending
  token TEXT NOT NULL,  -- what the TXT record of its challenge must say
  serial INTEGER NOT NULL,  -- of its SOA record; every change of its records raises it, and is guarded by it
  records INTEGER NOT NULL  -- how many it has
) CLUSTERED;
-- Verified in one account at most.
CREATE UNIQUE INDEX zone_verified ON zone (domain) WHERE verified_at_us > 0;
CREATE INDEX zone_by_domain ON zone (domain, name);

CREATE TABLE record (
  name TEXT NOT NULL PRIMARY KEY,  -- {zone}/records/{id}
  zone TEXT NOT NULL,
  domain_name TEXT NOT NULL,
  place TEXT NOT NULL,  -- its labels from the right, with spaces between: `com example www`
  type INTEGER NOT NULL,  -- the contract's numbers
  rdata BLOB NOT NULL,  -- as on the wire, names not compressed
  ttl_seconds INTEGER NOT NULL,  -- 1: automatic
  proxied INTEGER NOT NULL CHECK (proxied IN (0, 1)),
  comment TEXT NOT NULL,
  etag TEXT NOT NULL,
  created_at_us INTEGER NOT NULL,
  updated_at_us INTEGER NOT NULL
) CLUSTERED;
CREATE UNIQUE INDEX record_in_zone ON record (zone, place, type, name);
