//! Edits of a store's file, as somebody with access to it could make them; for tests of what a verification finds.
use super::{
    Sqlite,
    database::{Database as _, tests::Memory},
};

/// The row of the flag `f4` serves no longer.
pub(crate) const LOST_ROW: &str = "DELETE FROM unpaged_rows WHERE name = 'f4'";
/// The flag `f4` serves as it was at version 1.
pub(crate) const EARLIER_ROW: &str = "UPDATE unpaged_rows SET version = 1 WHERE name = 'f4'";
/// A version that no command made.
pub(crate) const MADE_UP_VERSION: &str = "INSERT INTO versions VALUES (5, 5)";
/// The flag `f4` has another text in the history.
pub(crate) const OTHER_TEXT_OF_F4: &str = "UPDATE history SET text = '2' WHERE name = 'f4'";
/// The flag `f4` has bytes in the history where a text should be.
pub(crate) const BYTES_FOR_F4: &str = "UPDATE history SET text = x'31' WHERE name = 'f4'";
/// The row of version 2 has another text in the history.
pub(crate) const OTHER_TEXT_OF_2: &str = "UPDATE history SET text = '2' WHERE version = 2";
/// The row of version 2 has its own text again.
pub(crate) const TEXT_OF_2: &str = "UPDATE history SET text = '1' WHERE version = 2";
/// Version 3 and its record never were.
pub(crate) const LOST_END: &str = "DROP TRIGGER feature_flag_changes_are_not_deleted; DELETE FROM feature_flag_changes WHERE sequence = 3;
  DELETE FROM unpaged_rows WHERE version = 3; DELETE FROM history WHERE version = 3; DELETE FROM versions WHERE version = 3";

/// Record 2 has no payload.
pub(crate) const LOST_PAYLOAD: &str = "UPDATE feature_flag_changes SET payload = NULL WHERE sequence = 2";

/// Jobs that cannot be read: due at a fraction of a millisecond, with bytes for a payload or a kind, with less than no failure, and due at no time.
pub(crate) const UNREADABLE_JOBS: &str = "INSERT INTO jobs (kind, payload, due, failures) VALUES
  ('webhook', 'w', 1.5, 0), ('push', x'ff', 1, 0), (x'00', 'q', 1, 0), ('push', 'p', 1, -1), ('push', 'r', 'soon', 0)";

/// Stores an outcome of a flag `a`, as earlier releases stored them. Its id is its moment.
pub(crate) fn outcome_of_an_earlier_release(store: &Sqlite<Memory>, at: i64) {
    let insert =
        "INSERT INTO rollout_events (id, feature_name, flag_path, unit, event_type, timestamp) VALUES (?1, 'a', 'a', 'u', 'enabled', ?2)";
    store.database().run(insert, vec![at.to_string().into(), at.into()]).unwrap();
}
