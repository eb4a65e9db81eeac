-- The platform's own tables, in every product's database. Times are microseconds since 1970-01-01 UTC.

-- Who may run a background job, and until when (leases.py). fence grows with every new holder.
CREATE TABLE platform_lease (
  name TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  fence INTEGER NOT NULL,
  expires_at_us INTEGER NOT NULL
) CLUSTERED;

-- Events in the order of their ids, until they are taken (outbox.py).
CREATE TABLE platform_outbox (
  id TEXT NOT NULL PRIMARY KEY,
  dataset TEXT NOT NULL,
  body BLOB NOT NULL,
  at_us INTEGER NOT NULL
) CLUSTERED;
CREATE INDEX platform_outbox_by_dataset ON platform_outbox (dataset, id);

-- Answers to mutations that carried a request_id (requests.py). digest is of the request.
CREATE TABLE platform_request (
  principal TEXT NOT NULL,
  method TEXT NOT NULL,
  request_id TEXT NOT NULL,
  digest BLOB NOT NULL,
  response BLOB NOT NULL,
  at_us INTEGER NOT NULL,
  PRIMARY KEY (principal, method, request_id)
) CLUSTERED;
CREATE INDEX platform_request_by_time ON platform_request (at_us);

-- Long-running operations (operations.py). metadata, response and error are serialized google.protobuf.Any and
-- google.rpc.Status; kind and argument say how to run it again after a restart.
CREATE TABLE platform_operation (
  id TEXT NOT NULL PRIMARY KEY,
  principal TEXT NOT NULL,
  kind TEXT NOT NULL,
  argument BLOB NOT NULL,
  metadata BLOB,
  done INTEGER NOT NULL CHECK (done IN (0, 1)),
  cancelled INTEGER NOT NULL CHECK (cancelled IN (0, 1)),
  response BLOB,
  error BLOB,
  created_at_us INTEGER NOT NULL,
  updated_at_us INTEGER NOT NULL
) CLUSTERED;
CREATE INDEX platform_operation_by_principal ON platform_operation (principal, id);
CREATE INDEX platform_operation_unfinished ON platform_operation (id) WHERE done = 0;
