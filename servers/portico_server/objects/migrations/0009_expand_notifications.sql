-- What readers of queues are told of objects. Times are microseconds since 1970-01-01 UTC; queue is always the queue's
-- name, accounts/{account}/queues/{queue}.

-- Written by the batch of each change, until it is numbered.
CREATE TABLE notice (
  queue TEXT NOT NULL,
  object TEXT NOT NULL,  -- the object's name
  order_us INTEGER NOT NULL,  -- the time, but later than that of whatever waits here of the same object
  id TEXT NOT NULL,
  body BLOB NOT NULL,  -- a serialized portico.objects.v1.Notification, without its sequence
  PRIMARY KEY (queue, object, order_us)
) CLUSTERED;
CREATE UNIQUE INDEX notice_by_order ON notice (queue, order_us, id);

-- Numbered: without gaps, in the order in which readers have them.
CREATE TABLE notification (
  queue TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  id TEXT NOT NULL,
  order_us INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (queue, sequence)
) CLUSTERED;

CREATE TABLE queue (
  name TEXT NOT NULL PRIMARY KEY,
  last_sequence INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL,  -- the sequence up to which readers are done
  dropped INTEGER NOT NULL  -- how many were dropped before that: too old, or too many
) CLUSTERED;
