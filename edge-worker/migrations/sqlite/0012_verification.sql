-- States of verifications of the audit trail, as JSON: `good` is of the last one that found no fault, at its end; `running` is of one that
-- has not ended.
CREATE TABLE verification (
  what TEXT PRIMARY KEY CHECK (what IN ('good', 'running')),
  state TEXT NOT NULL
);
