-- Documents as they were imported, newest version last. No stored value may exceed 1 MB: the text lies in parts.
CREATE TABLE documents (
  version INTEGER PRIMARY KEY,
  imported_at INTEGER NOT NULL
);

CREATE TABLE document_parts (
  version INTEGER NOT NULL REFERENCES documents (version),
  part INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (version, part)
);

-- The key made for a document that brings none; kept, so that nobody changes bucket when the document is imported again.
CREATE TABLE bucket_key (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  hex TEXT NOT NULL
);
