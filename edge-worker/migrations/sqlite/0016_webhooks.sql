-- The progress of each webhook: the record behind which its target is to be told next, the moment of the first of the failures since a
-- delivery last succeeded, and whether the target said that it is gone for good.
CREATE TABLE webhook_progress (
  webhook TEXT PRIMARY KEY,
  behind INTEGER NOT NULL,
  failing_since INTEGER,
  is_gone INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- The latest attempts to deliver. Of a record that was told `error` is NULL; of a target that did not answer `status` is.
CREATE TABLE webhook_attempts (
  number INTEGER PRIMARY KEY,
  webhook TEXT NOT NULL,
  record INTEGER NOT NULL,
  record_id TEXT NOT NULL,
  action TEXT NOT NULL,
  at INTEGER NOT NULL,
  milliseconds INTEGER NOT NULL,
  status INTEGER,
  error TEXT
);

CREATE INDEX webhook_attempts_by_webhook ON webhook_attempts (webhook, number);
