-- Revocations, for all nodes of one database. `line` is a revocation as the local log has it; numbers have no gaps while
-- they are written, so that a node that has read up to one asks for what comes after. `expires_at`: seconds since 1970.

CREATE TABLE revocation (
  number INTEGER NOT NULL PRIMARY KEY,
  line TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) CLUSTERED;
