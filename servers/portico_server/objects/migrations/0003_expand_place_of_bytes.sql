-- Where the store of blobs was that the database claimed last, for people: a node with another, empty one is told of it.

ALTER TABLE database_identity ADD COLUMN blobs_place TEXT NOT NULL DEFAULT '';
