-- How far the round is that reads all stored bytes again (scrub_rounds.py): one row, once the first has begun. bucket, key and
-- place are those of the version behind which it goes on; the figures are those of the round.

CREATE TABLE scrub_round (
  number INTEGER NOT NULL PRIMARY KEY CHECK (number = 1),
  revision INTEGER NOT NULL,  -- rises with each change
  started_at_us INTEGER NOT NULL,
  ended_at_us INTEGER NOT NULL,  -- 0: it is underway
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  place INTEGER NOT NULL,
  versions INTEGER NOT NULL,
  read_bytes INTEGER NOT NULL,
  damaged INTEGER NOT NULL
) CLUSTERED;

-- Versions that were found damaged, and that nobody has deleted or found whole since.
CREATE TABLE damaged_version (
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  id TEXT NOT NULL,  -- of the write, as in object and version
  is_null INTEGER NOT NULL,
  PRIMARY KEY (bucket, key, id)
) CLUSTERED;
