-- A newer format, which touches every row.

ALTER TABLE record ADD COLUMN size_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE record SET size_bytes = length(body);
CREATE INDEX record_by_size ON record (size_bytes);
