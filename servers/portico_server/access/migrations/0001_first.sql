-- Access. Times are microseconds since 1970-01-01 UTC unless the name says seconds.

-- The one revision of the store: each change raises it in its own batch, guarded by what it judged by.
CREATE TABLE store (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL
) CLUSTERED;

INSERT INTO store (id, revision) VALUES (1, 0);

-- Everything that has a name: an account, and what belongs to one. The body is its message.
CREATE TABLE item (
  name TEXT NOT NULL PRIMARY KEY,  -- accounts/{account}, accounts/{account}/policies/{policy}
  account TEXT NOT NULL,           -- accounts/{account}
  kind TEXT NOT NULL,              -- the collection: accounts, policies
  revision INTEGER NOT NULL,       -- that of its last change
  body BLOB NOT NULL
) HEAP;

CREATE INDEX item_of_account ON item (account, revision);

CREATE INDEX item_by_kind ON item (kind, account, name);

CREATE INDEX item_since ON item (revision, account);

-- What is no more, for whoever follows.
CREATE TABLE removal (
  name TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  revision INTEGER NOT NULL
) CLUSTERED;

CREATE INDEX removal_of_account ON removal (account, revision);

CREATE INDEX removal_since ON removal (revision, account);

-- Which accounts a principal belongs to.
CREATE TABLE membership (
  principal TEXT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (principal, account)
) CLUSTERED;

-- On whose behalf accounts were created.
CREATE TABLE offspring (
  parent TEXT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (parent, account)
) CLUSTERED;

CREATE INDEX offspring_account ON offspring (account);

-- What proves something: of secrets a salted hash, of access keys' secrets the sealed text.
CREATE TABLE proof (
  name TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  salt BLOB NOT NULL,
  hash BLOB NOT NULL,
  sealed BLOB NOT NULL,
  expires_at_seconds INTEGER NOT NULL,  -- 0: never
  used_at_seconds INTEGER NOT NULL      -- to the hour; 0: never
) HEAP;
