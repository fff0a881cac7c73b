-- The audit trail: a record each, sealed in a chain. What a record says stands in its payload alone; the columns are read from it.
-- A payload may be erased, nothing else may change.
CREATE TABLE feature_flag_changes (
  sequence INTEGER PRIMARY KEY,
  version INTEGER NOT NULL REFERENCES versions (version),
  payload TEXT,
  payload_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  id TEXT GENERATED ALWAYS AS (payload ->> '$.id') VIRTUAL,
  action TEXT GENERATED ALWAYS AS (payload ->> '$.action') VIRTUAL,
  customer_id TEXT GENERATED ALWAYS AS (payload ->> '$.customerId') VIRTUAL,
  organization_id TEXT GENERATED ALWAYS AS (payload ->> '$.organizationId') VIRTUAL,
  flag_path TEXT GENERATED ALWAYS AS (payload ->> '$.flagPath') VIRTUAL,
  old_value INTEGER GENERATED ALWAYS AS (payload ->> '$.oldValue') VIRTUAL,
  new_value INTEGER GENERATED ALWAYS AS (payload ->> '$.newValue') VIRTUAL,
  old_json TEXT GENERATED ALWAYS AS (payload -> '$.oldJson') VIRTUAL,
  new_json TEXT GENERATED ALWAYS AS (payload -> '$.newJson') VIRTUAL,
  had_override INTEGER GENERATED ALWAYS AS (payload ->> '$.hadOverride') VIRTUAL,
  changed_by TEXT GENERATED ALWAYS AS (payload ->> '$.changedBy') VIRTUAL,
  changed_at TEXT GENERATED ALWAYS AS (payload ->> '$.changedAt') VIRTUAL,
  reason TEXT GENERATED ALWAYS AS (payload ->> '$.reason') VIRTUAL
);

CREATE INDEX feature_flag_changes_by_version ON feature_flag_changes (version);
CREATE INDEX feature_flag_changes_by_customer ON feature_flag_changes (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX feature_flag_changes_by_organization ON feature_flag_changes (organization_id) WHERE organization_id IS NOT NULL;
CREATE INDEX feature_flag_changes_by_flag ON feature_flag_changes (flag_path);
CREATE INDEX feature_flag_changes_by_time ON feature_flag_changes (changed_at);

CREATE TRIGGER feature_flag_changes_are_not_altered BEFORE UPDATE ON feature_flag_changes
WHEN NEW.payload IS NOT NULL OR NEW.sequence IS NOT OLD.sequence OR NEW.version IS NOT OLD.version
  OR NEW.payload_hash IS NOT OLD.payload_hash OR NEW.hash IS NOT OLD.hash
BEGIN
  SELECT RAISE(ABORT, 'a record of the audit trail is not altered');
END;

CREATE TRIGGER feature_flag_changes_are_not_deleted BEFORE DELETE ON feature_flag_changes
BEGIN
  SELECT RAISE(ABORT, 'a record of the audit trail is not deleted');
END;

-- `INSERT OR REPLACE` deletes without a trigger.
CREATE TRIGGER feature_flag_changes_are_not_replaced BEFORE INSERT ON feature_flag_changes
WHEN EXISTS (SELECT 1 FROM feature_flag_changes WHERE sequence = NEW.sequence)
BEGIN
  SELECT RAISE(ABORT, 'a record of the audit trail is not replaced');
END;

-- What happened to those who have a feature, and the steps of its rollout: `enabled`, `disabled`, `error`, `rollback`, or a name of
-- one's own. An event that was sent twice stands here once.
CREATE TABLE rollout_events (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  feature_name TEXT NOT NULL,
  flag_path TEXT NOT NULL,
  customer_id TEXT,
  unit TEXT,
  event_type TEXT NOT NULL,
  metadata TEXT NOT NULL DEFAULT '{}',
  timestamp INTEGER NOT NULL
);

CREATE INDEX rollout_events_by_feature ON rollout_events (feature_name);
CREATE INDEX rollout_events_by_flag ON rollout_events (flag_path, timestamp);
CREATE INDEX rollout_events_by_customer ON rollout_events (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX rollout_events_by_type ON rollout_events (event_type);
CREATE INDEX rollout_events_by_time ON rollout_events (timestamp);

-- Answers to requests that named a key, for who sends them again.
CREATE TABLE idempotency (
  subject TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  answer TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (subject, key)
);

CREATE INDEX idempotency_by_time ON idempotency (created_at);
CREATE INDEX versions_by_time ON versions (created_at);

-- The tables of the source documents, for people: read from the rows that serve, so that there is one truth.
CREATE VIEW rows_now AS
SELECT newest.kind, json_extract('"' || newest.name || '"', '$') AS name, newest.version,
  (SELECT group_concat(text, '') FROM (SELECT text FROM history AS part
     WHERE part.kind = newest.kind AND part.name = newest.name AND part.version = newest.version ORDER BY part.part)) AS text,
  (SELECT created_at FROM versions WHERE versions.version = newest.version) AS updated_at,
  (SELECT created_at FROM versions WHERE versions.version =
     (SELECT min(version) FROM history AS first WHERE first.kind = newest.kind AND first.name = newest.name)) AS created_at
FROM newest;

CREATE VIEW customer_feature_flags AS
SELECT name AS customer_id, text AS flags, updated_at,
  (SELECT changed_by FROM feature_flag_changes AS change
     WHERE change.version = rows_now.version AND change.customer_id = rows_now.name LIMIT 1) AS updated_by, created_at
FROM rows_now WHERE kind = 'customer';

CREATE VIEW organization_feature_flags AS
SELECT name AS organization_id, text AS flags, updated_at,
  (SELECT changed_by FROM feature_flag_changes AS change
     WHERE change.version = rows_now.version AND change.organization_id = rows_now.name LIMIT 1) AS updated_by, created_at
FROM rows_now WHERE kind = 'organization';

CREATE VIEW feature_flags AS
SELECT flag.name, coalesce(state.text ->> '$.enabled', 1) AS enabled, coalesce(state.text ->> '$.rollout.percentage', 100) AS rollout_percentage,
  flag.text -> '$.targets' AS target_users, flag.text -> '$.aliases' AS aliases, flag.created_at, max(flag.updated_at, state.updated_at) AS updated_at
FROM rows_now AS flag JOIN rows_now AS state ON state.kind = 'state' AND state.name = flag.name WHERE flag.kind = 'flag';

CREATE VIEW feature_rollouts AS
SELECT CASE WHEN instr(flag.name, '.') THEN coalesce(flag.text ->> '$.aliases[0]', flag.name) ELSE flag.name END AS feature_name, flag.name AS flag_path,
  CASE state.text ->> '$.rollout.tier' WHEN 0 THEN 'tier_0_disabled' WHEN 1 THEN 'tier_1_internal' WHEN 2 THEN 'tier_2_early_adopters'
    WHEN 3 THEN 'tier_3_general' WHEN 4 THEN 'tier_4_full' END AS current_tier,
  coalesce(state.text ->> '$.rollout.percentage', 0) AS percentage, coalesce(state.text ->> '$.rollout.status', 'planned') AS status,
  coalesce(state.text -> '$.rollout.allow', '[]') AS whitelisted_customers, coalesce(state.text -> '$.rollout.deny', '[]') AS blacklisted_customers,
  state.text ->> '$.rollout.guard.errorRate' AS rollback_error_rate, state.text ->> '$.rollout.guard.timeWindow' AS rollback_time_window,
  course.text ->> '$.startedAt' AS started_at, course.text ->> '$.stageSince' AS tier_since,
  coalesce(course.text ->> '$.createdAt', state.created_at) AS created_at, state.updated_at
FROM rows_now AS flag JOIN rows_now AS state ON state.kind = 'state' AND state.name = flag.name
LEFT JOIN rows_now AS course ON course.kind = 'course' AND course.name = flag.name
WHERE flag.kind = 'flag' AND json_type(state.text, '$.rollout') = 'object' AND state.text -> '$.rollout' <> '{}';
