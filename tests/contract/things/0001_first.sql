-- What the contract suite writes: every portable type; 'quotes; and -- dashes' in a default.
CREATE TABLE thing (
  id TEXT NOT NULL PRIMARY KEY,
  number INTEGER,
  ratio REAL,
  data BLOB,
  note TEXT DEFAULT 'a;b -- c'
) CLUSTERED;
CREATE TABLE entry (
  log TEXT NOT NULL,
  position INTEGER NOT NULL,
  thing TEXT REFERENCES thing (id),
  UNIQUE (log, position)
) HEAP;
