-- Which processes use this database, and which format of each component they know (PostgreSQL: postgresql/presence.py).

CREATE TABLE platform_presence (
  process TEXT NOT NULL,
  component TEXT NOT NULL,
  format INTEGER NOT NULL,  -- the highest migration that the process's release has
  expires_at_us INTEGER NOT NULL,
  PRIMARY KEY (process, component)
) CLUSTERED;
