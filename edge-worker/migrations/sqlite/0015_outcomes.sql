-- Sums of the outcomes that tallies counted. A batch of sums and its number are one transaction, so that a batch that is sent again adds
-- nothing.
CREATE TABLE tallies (
  name TEXT PRIMARY KEY,
  batch INTEGER NOT NULL
) WITHOUT ROWID;

-- The units that had a flag in a stage of its rollout, and those of them that had an error. A stage is named by the moment it began.
CREATE TABLE stage_counts (
  flag_path TEXT NOT NULL,
  stage_since INTEGER NOT NULL,
  exposures INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  PRIMARY KEY (flag_path, stage_since)
);

-- The outcomes of each hour, as they arrived, by variant (empty without one) and event.
CREATE TABLE flag_usage (
  flag_path TEXT NOT NULL,
  hour INTEGER NOT NULL,
  variant TEXT NOT NULL,
  event_type TEXT NOT NULL,
  outcomes INTEGER NOT NULL,
  PRIMARY KEY (flag_path, hour, variant, event_type)
);

-- Names that outcomes named and that no flag has.
CREATE TABLE unknown_flags (
  name TEXT PRIMARY KEY,
  outcomes INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The guard's counts and evidence about each rollout, as JSON. They make no version: what they lead to does.
CREATE TABLE guard_states (
  flag_path TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  held_at INTEGER
);

-- The secret that receipts are made with: 64 hexadecimal digits. NULL until it is first needed.
ALTER TABLE store ADD COLUMN receipt_key TEXT;
