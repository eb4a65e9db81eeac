-- What buckets use day by day, for reports of months. Days are counted since 1970-01-01 UTC.

CREATE TABLE usage_day (
  bucket TEXT NOT NULL,  -- the bucket's name; accounts/{account}/ for operations that are on none
  day INTEGER NOT NULL,
  class_a INTEGER NOT NULL,
  class_b INTEGER NOT NULL,
  byte_hours INTEGER NOT NULL,
  PRIMARY KEY (bucket, day)
) CLUSTERED;

ALTER TABLE usage ADD COLUMN sampled_at_us INTEGER NOT NULL DEFAULT 0;  -- up to when its bytes are in usage_day
CREATE INDEX usage_by_sample ON usage (sampled_at_us);
