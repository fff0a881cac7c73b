-- One row about the store itself. `epoch` is the identity of its history: versions of another epoch mean nothing here. The others are
-- forms of stores, which are counted by their migrations: a release that knows fewer may not write it, or not even serve from it.
CREATE TABLE store (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch TEXT NOT NULL,
  writes_from INTEGER NOT NULL,
  serves_from INTEGER NOT NULL
);

INSERT INTO store VALUES (1, lower(hex(randomblob(6))), 5, 5);
