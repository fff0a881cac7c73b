-- A revert names a change by its id.
CREATE INDEX feature_flag_changes_by_id ON feature_flag_changes (id) WHERE id IS NOT NULL;
