-- In a store that follows a journal in Postgres: the last entry that it has taken. A store without a row has taken none.
CREATE TABLE IF NOT EXISTS journal (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  number INTEGER NOT NULL,
  entry TEXT NOT NULL
);
