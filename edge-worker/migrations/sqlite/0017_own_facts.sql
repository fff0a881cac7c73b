-- The name under which the environment of this hub is registered, which requests tell it: an alarm wakes a hub without a request. No row
-- in the first hub, and before the first request.
CREATE TABLE registered_name (name TEXT NOT NULL);

-- The hour since 1970 in which each API token was last used, by the name of its row; no row for a token that never was.
CREATE TABLE token_uses (token TEXT PRIMARY KEY, hour INTEGER NOT NULL) WITHOUT ROWID;
