-- Every filter of a list has an index whose entries end with the number that the list is ordered by. A search reads the newest entries of
-- one filter and stops, however long the trail is.
CREATE INDEX feature_flag_changes_by_action ON feature_flag_changes (action);
CREATE INDEX feature_flag_changes_by_actor ON feature_flag_changes (changed_by);
CREATE INDEX feature_flag_changes_by_pointer ON feature_flag_changes (payload ->> '$.pointer') WHERE payload ->> '$.pointer' IS NOT NULL;
-- The records that moved a customer to another organization: older records of the customer are none of the new organization's business.
CREATE INDEX feature_flag_changes_of_assignments ON feature_flag_changes (customer_id) WHERE action = 'customer.assign';
-- `rollout_events_by_flag` is ordered by time.
CREATE INDEX rollout_events_of_flag ON rollout_events (flag_path);
