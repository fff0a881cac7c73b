-- The work of the hub that no request brings: a job is of a kind, and its payload tells it from others of the kind. A kind that a
-- release does not know stays for a later one. `error` is the reason why the job failed last, and `failures` counts since it went well.
CREATE TABLE jobs (
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  due INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  PRIMARY KEY (kind, payload)
);

CREATE INDEX jobs_by_due ON jobs (due);

-- They never end: each says when it is due next.
INSERT INTO jobs (kind, payload, due) VALUES
  ('retention.answers', '', (unixepoch() + 3600) * 1000),
  ('retention.outcomes', '', (unixepoch() + 3600) * 1000);

-- The steps of rollouts stand beside the outcomes, have no unit, and are kept for ever.
CREATE INDEX outcomes_by_time ON rollout_events (timestamp) WHERE unit IS NOT NULL;

-- The milliseconds by which the time of jobs is ahead of the clock, where a test says so.
ALTER TABLE store ADD COLUMN clock_ahead INTEGER NOT NULL DEFAULT 0;
