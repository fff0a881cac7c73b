-- 1 once the trail commits to every row. Records of earlier releases, and of backups that those took, may not: then the first to open the
-- store for writing adds a record that commits to all rows as they serve.
ALTER TABLE store ADD COLUMN is_proved INTEGER NOT NULL DEFAULT 0;
