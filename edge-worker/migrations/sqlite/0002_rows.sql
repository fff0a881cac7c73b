-- A document as rows, and their history: what a row was from a version on; without text it is gone from then on. What it was at
-- any version is its newest at or before it. No stored value may exceed 1 MB: a longer text lies in parts.
CREATE TABLE versions (
  version INTEGER PRIMARY KEY,
  created_at INTEGER NOT NULL
);

CREATE TABLE history (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL REFERENCES versions (version),
  part INTEGER NOT NULL,
  page INTEGER,
  text TEXT,
  PRIMARY KEY (kind, name, version, part)
);

CREATE INDEX history_by_page ON history (page, kind, name, version) WHERE page IS NOT NULL;

-- The rows that there are now, each with the version of its text: what serves is read without its history.
CREATE TABLE newest (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL REFERENCES versions (version),
  page INTEGER,
  PRIMARY KEY (kind, name)
);

-- The pages that overrides are grouped in, and the version of the newest change on each.
CREATE TABLE pages (
  page INTEGER PRIMARY KEY,
  version INTEGER NOT NULL REFERENCES versions (version)
);
