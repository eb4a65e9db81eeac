-- Objects, their versions and their buckets. Times are microseconds since 1970-01-01 UTC; bucket is always the bucket's
-- name, accounts/{account}/buckets/{bucket}. DESIGN.md says why it is cut like this.

CREATE TABLE bucket (
  name TEXT NOT NULL PRIMARY KEY,
  created_at_us INTEGER NOT NULL,
  updated_at_us INTEGER NOT NULL,
  etag TEXT NOT NULL,
  versioning INTEGER NOT NULL CHECK (versioning IN (1, 2, 3)),  -- the contract's numbers: disabled, enabled, suspended
  location_hint TEXT NOT NULL,
  jurisdiction TEXT NOT NULL,
  deletion TEXT NOT NULL  -- the id of the operation that empties and then deletes it; '': none
) CLUSTERED;

-- The current object of each key that has one. A delete marker is never here.
CREATE TABLE object (
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  id TEXT NOT NULL,  -- of this one write; with is_null = 0 it is also the version id
  is_null INTEGER NOT NULL CHECK (is_null IN (0, 1)),  -- its version id is 'null'
  place INTEGER NOT NULL,  -- among the key's versions: the newest has the least
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  created_at_us INTEGER NOT NULL,
  file TEXT NOT NULL,  -- the blob with its bytes; '': they are in inline_bytes, or there are none
  metadata BLOB NOT NULL,  -- a serialized portico.objects.v1.ObjectMetadata
  checksums BLOB NOT NULL,  -- a serialized portico.objects.v1.Checksums
  PRIMARY KEY (bucket, key)
) CLUSTERED;

-- What is not current: older versions, and delete markers.
CREATE TABLE version (
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  id TEXT NOT NULL,
  is_null INTEGER NOT NULL CHECK (is_null IN (0, 1)),
  place INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  created_at_us INTEGER NOT NULL,
  file TEXT NOT NULL,
  metadata BLOB NOT NULL,
  checksums BLOB NOT NULL,
  marker INTEGER NOT NULL CHECK (marker IN (0, 1)),
  PRIMARY KEY (bucket, key, place)
) CLUSTERED;
CREATE UNIQUE INDEX version_by_id ON version (id);
CREATE UNIQUE INDEX version_null ON version (bucket, key) WHERE is_null = 1;

-- Bytes of small objects, by the id of their write; apart, so that a list reads narrow rows.
CREATE TABLE inline_bytes (
  id TEXT NOT NULL PRIMARY KEY,
  data BLOB NOT NULL
) HEAP;

-- Every blob that a row refers to or did until lately; one that is not here is an orphan.
CREATE TABLE file (
  id TEXT NOT NULL PRIMARY KEY,
  retired_at_us INTEGER NOT NULL  -- since when nothing refers to it; 0: something does
) CLUSTERED;
CREATE INDEX file_retired ON file (retired_at_us) WHERE retired_at_us > 0;

-- What each write added and took away, until the collector has folded it into usage and freed the bytes.
CREATE TABLE ledger (
  id TEXT NOT NULL PRIMARY KEY,
  bucket TEXT NOT NULL,
  objects INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  freed TEXT NOT NULL,  -- the write whose inline bytes nothing refers to any more; '': none
  freed_file TEXT NOT NULL  -- its blob; '': none
) CLUSTERED;

CREATE TABLE usage (
  bucket TEXT NOT NULL PRIMARY KEY,
  objects INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL
) CLUSTERED;
