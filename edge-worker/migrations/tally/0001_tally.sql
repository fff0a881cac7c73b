-- One row about the tally itself. Its name is random, so that sums of a tally that was lost are not taken for another one's. `environment`
-- names the hub that it sends sums to; `batch` is the number of the last batch.
CREATE TABLE IF NOT EXISTS tally (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  name TEXT NOT NULL,
  environment TEXT,
  batch INTEGER NOT NULL DEFAULT 0,
  clock_ahead INTEGER NOT NULL DEFAULT 0
);

-- Outcomes as they came.
CREATE TABLE IF NOT EXISTS events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  flag_path TEXT NOT NULL,
  customer_id TEXT,
  unit TEXT NOT NULL,
  event_type TEXT NOT NULL,
  metadata TEXT NOT NULL,
  timestamp INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS events_by_flag ON events (flag_path);
CREATE INDEX IF NOT EXISTS events_by_customer ON events (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_by_type ON events (event_type);
CREATE INDEX IF NOT EXISTS events_by_time ON events (timestamp);

-- Hashes of the ids of the last 24 hours. An outcome whose id stands here was sent before.
CREATE TABLE IF NOT EXISTS ids (
  hash TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS ids_by_time ON ids (at);

-- The outcomes that arrived and are not counted yet. `trust`: 0 no valid receipt, 1 a receipt, 2 a server key, 3 a receipt
-- and a credential that vouches for the unit.
CREATE TABLE IF NOT EXISTS arrived (
  sequence INTEGER PRIMARY KEY,
  flag_path TEXT NOT NULL,
  unit TEXT NOT NULL,
  event_type TEXT NOT NULL,
  variant TEXT,
  epoch TEXT,
  version INTEGER,
  trust INTEGER NOT NULL,
  block INTEGER,
  at INTEGER NOT NULL
);

-- Units by flag: the stage and the window that counted them last. A state is 0 while the outcome is open, 1 after it went well, 2 after an
-- error, 3 after an error that came when it had gone well.
CREATE TABLE IF NOT EXISTS units (
  flag_path TEXT NOT NULL,
  unit TEXT NOT NULL,
  is_treatment INTEGER NOT NULL,
  block INTEGER,
  stage INTEGER NOT NULL,
  stage_state INTEGER NOT NULL,
  window INTEGER NOT NULL,
  window_state INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (flag_path, unit)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS units_by_time ON units (seen_at);

-- Open outcomes, each with the moment at which it has gone well unless an error comes.
CREATE TABLE IF NOT EXISTS waiting (
  due INTEGER NOT NULL,
  flag_path TEXT NOT NULL,
  unit TEXT NOT NULL,
  stage INTEGER,
  window INTEGER,
  PRIMARY KEY (due, flag_path, unit)
) WITHOUT ROWID;

-- Anonymous units that count, with the block that they came from.
CREATE TABLE IF NOT EXISTS admitted (
  unit TEXT PRIMARY KEY,
  block INTEGER,
  at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS admitted_by_time ON admitted (at);

-- Batches of sums that the hub has not confirmed.
CREATE TABLE IF NOT EXISTS outbox (
  batch INTEGER PRIMARY KEY,
  text TEXT NOT NULL
);
