-- The key of the environment's streams: relays know owners by it, and it signs the tokens that open a stream. A restore makes another.
CREATE TABLE stream_key (key TEXT NOT NULL);

INSERT INTO stream_key VALUES (lower(hex(randomblob(32))));
