-- Which database this is: a random id, made once. The store of blobs bears it too, so that no other database, nor an
-- empty one in this one's place, takes the blobs for rubbish.

CREATE TABLE database_identity (
  number INTEGER NOT NULL PRIMARY KEY CHECK (number = 1),
  id TEXT NOT NULL
) CLUSTERED;
