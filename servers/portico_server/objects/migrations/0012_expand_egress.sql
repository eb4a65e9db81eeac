-- How many bytes of objects were sent.

ALTER TABLE usage_day ADD COLUMN egress_bytes INTEGER NOT NULL DEFAULT 0;
