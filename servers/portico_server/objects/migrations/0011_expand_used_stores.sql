-- The stores outside that stores.toml described at any start: where bytes are in one that is not described any more, it is
-- found by its name. A blob in a store is named STORE.NAME, NAME has 32 digits.

CREATE TABLE used_store (
  name TEXT NOT NULL PRIMARY KEY
) CLUSTERED;

INSERT INTO used_store (name) SELECT DISTINCT substr(id, 1, length(id) - 33) FROM file WHERE length(id) > 32;
