-- Multipart uploads, and objects that are made of parts. Times are microseconds since 1970-01-01 UTC.

-- An upload that is underway.
CREATE TABLE upload (
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  id TEXT NOT NULL,  -- also of its list of parts, and of the version that it becomes
  bucket_created_at_us INTEGER NOT NULL,  -- of which bucket of that name: with a deleted one its uploads are dead
  created_at_us INTEGER NOT NULL,
  principal TEXT NOT NULL,
  revision INTEGER NOT NULL,  -- rises with each part that is written
  size_bytes INTEGER NOT NULL,  -- of all its parts
  checksum_algorithm INTEGER NOT NULL,  -- the contract's numbers
  checksum_type INTEGER NOT NULL,
  metadata BLOB NOT NULL,  -- a serialized portico.objects.v1.ObjectMetadata
  marks BLOB NOT NULL,  -- a serialized portico.objects.v1.Object: tags, retention, legal hold
  PRIMARY KEY (bucket, key, id)
) CLUSTERED;

-- The parts of uploads, and of the objects that uploads became: their column `file` is '+' and the list's id.
CREATE TABLE part (
  list TEXT NOT NULL,
  number INTEGER NOT NULL,
  id TEXT NOT NULL,  -- of its write; inline_bytes has its bytes by it
  etag TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  created_at_us INTEGER NOT NULL,
  file TEXT NOT NULL,  -- the blob with its bytes; '': they are in inline_bytes, or there are none
  checksums BLOB NOT NULL,  -- a serialized portico.objects.v1.Checksums
  PRIMARY KEY (list, number)
) CLUSTERED;

-- Lists of parts that an upload or a version has let go. Another version may have them still: a copy shares its source's.
CREATE TABLE freed_list (
  id TEXT NOT NULL PRIMARY KEY,
  freed_at_us INTEGER NOT NULL,
  doomed INTEGER NOT NULL CHECK (doomed IN (0, 1))  -- nothing has it, and nothing will any more
) CLUSTERED;
CREATE INDEX object_list ON object (file) WHERE file > '' AND file < '0';
CREATE INDEX version_list ON version (file) WHERE file > '' AND file < '0';
