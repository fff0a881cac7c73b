-- How far each import of overrides has come: a slice and its progress are one transaction, so that an import that was cut goes on behind
-- the last line that is stored. The oldest are forgotten.
CREATE TABLE imports (
  id TEXT PRIMARY KEY,
  progress TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX imports_by_time ON imports (updated_at);
