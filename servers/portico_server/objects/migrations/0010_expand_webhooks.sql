-- Webhooks: where events are sent by HTTP. Each has a queue (notice, notification, queue) of its own name. Times are
-- microseconds since 1970-01-01 UTC; 0: never.

CREATE TABLE webhook (
  name TEXT NOT NULL PRIMARY KEY,  -- accounts/{account}/webhooks/{webhook}
  url TEXT NOT NULL,
  created_at_us INTEGER NOT NULL,
  disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),  -- its receiver said that it is gone
  failures INTEGER NOT NULL,  -- tries that failed since the last success
  due_at_us INTEGER NOT NULL,  -- no try before that
  last_success_at_us INTEGER NOT NULL,
  last_failure_at_us INTEGER NOT NULL,
  last_failure TEXT NOT NULL  -- why
) CLUSTERED;

-- All that sign what is sent; the highest number is the current one.
CREATE TABLE webhook_secret (
  webhook TEXT NOT NULL,
  number INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  created_at_us INTEGER NOT NULL,
  shown INTEGER NOT NULL CHECK (shown IN (0, 1)),  -- somebody has seen it
  ends_at_us INTEGER NOT NULL,  -- 0: not yet replaced
  PRIMARY KEY (webhook, number)
) CLUSTERED;

-- Which buckets' rules name it.
CREATE TABLE webhook_rule (
  bucket TEXT NOT NULL,
  webhook TEXT NOT NULL,
  PRIMARY KEY (bucket, webhook)
) CLUSTERED;
CREATE INDEX webhook_rule_by_webhook ON webhook_rule (webhook, bucket);
