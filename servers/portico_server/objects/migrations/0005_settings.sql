-- What a bucket is set to besides its versioning: who may read it, what is deleted by itself, locks, CORS, tags, notifications.
-- Not beside the release before: that one would go on giving out what has expired.

ALTER TABLE bucket ADD COLUMN public_access INTEGER NOT NULL DEFAULT 1 CHECK (public_access IN (1, 2));  -- none, read
ALTER TABLE bucket ADD COLUMN expires INTEGER NOT NULL DEFAULT 0 CHECK (expires IN (0, 1));  -- a rule deletes something
ALTER TABLE bucket ADD COLUMN settings BLOB;  -- a serialized portico.objects.v1.Bucket with the rest alone; NULL: none
CREATE INDEX bucket_expiring ON bucket (name) WHERE expires = 1;
