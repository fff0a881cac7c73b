-- The hash of the rows that a version wrote: each of its records commits to it, so that verifying finds an altered row. NULL in a
-- record that was written before.
ALTER TABLE feature_flag_changes ADD COLUMN rows_hash TEXT;

CREATE INDEX history_by_version ON history (version, kind, name, part);

DROP TRIGGER feature_flag_changes_are_not_altered;

CREATE TRIGGER feature_flag_changes_are_not_altered BEFORE UPDATE ON feature_flag_changes
WHEN NEW.payload IS NOT NULL OR NEW.sequence IS NOT OLD.sequence OR NEW.version IS NOT OLD.version
  OR NEW.payload_hash IS NOT OLD.payload_hash OR NEW.hash IS NOT OLD.hash OR NEW.rows_hash IS NOT OLD.rows_hash
BEGIN
  SELECT RAISE(ABORT, 'a record of the audit trail is not altered');
END;
