-- The rows that there are now, in two tables: those on pages lie clustered by page, so that a page is read in one go, and the few others
-- lie apart, so that they are read without a look at the pages. A short text stands beside its row on a page; a text that is NULL here
-- stands in the history, at the row's version.
CREATE TABLE unpaged_rows (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL REFERENCES versions (version),
  PRIMARY KEY (kind, name)
) WITHOUT ROWID;

CREATE TABLE paged_rows (
  page INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL REFERENCES versions (version),
  text TEXT,
  PRIMARY KEY (page, kind, name)
) WITHOUT ROWID;

INSERT INTO unpaged_rows SELECT kind, name, version FROM newest WHERE page IS NULL;

-- In the order of the table, which an index has, so that nothing is sorted in memory.
INSERT INTO paged_rows SELECT page, kind, name, version,
  (SELECT iif(count(*) = 1 AND length(CAST(max(text) AS BLOB)) <= 700, max(text), NULL) FROM history AS part
     WHERE part.kind = newest.kind AND part.name = newest.name AND part.version = newest.version)
FROM newest WHERE page IS NOT NULL ORDER BY page, kind, name;

-- For lists of owners by name. One row has one page.
CREATE UNIQUE INDEX paged_rows_by_name ON paged_rows (kind, name);

-- Rows without a page as they were at a version, and the version of the newest change among them: neither reads the history of overrides.
CREATE INDEX history_unpaged ON history (kind, name, version) WHERE page IS NULL;
CREATE INDEX history_of_definitions ON history (version) WHERE page IS NULL AND kind <> 'break glass';

-- Views and earlier releases read both tables by the name of the one that was there before. An earlier release cannot write it.
DROP TABLE newest;

CREATE VIEW newest AS SELECT kind, name, version, NULL AS page FROM unpaged_rows
  UNION ALL SELECT kind, name, version, page FROM paged_rows;

UPDATE store SET writes_from = 10;
