-- Records of earlier releases, and of backups that those took, commit to no rows. This job adds one that commits to all rows as they
-- serve, if it is needed, and ends. A new store has no records.
INSERT INTO jobs (kind, payload, due) SELECT 'baseline', '', 0 WHERE EXISTS (SELECT 1 FROM versions);
