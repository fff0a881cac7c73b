//! Has the trail commit to rows that releases wrote whose records did not.
//!
//! Their records have no hash of rows, so a verification could not tell whether those rows were altered. The baseline is one record more,
//! by the hub itself: it commits to all rows as they serve when this release takes the store over. What was altered before is taken as it
//! is; what is altered afterwards is found. To hash a whole store takes seconds, so a job does it, or the end of a restore.
use control::change::{Actor, Change, Link, Record};
use sdk_core::Millis;

use super::{record::uuid, written_rows::hash_of_all};
use crate::{
    problem::Problem,
    store::{Commit, Conflict, Snapshot, Store, Wanted, jobs::JobKey},
};

/// The kind of the job, which a store has that an earlier release wrote, until it was done. The name is stored.
pub(super) const JOB: &str = "baseline";

const REASON: &str = "an earlier release wrote rows that its records do not commit to";

/// Adds a baseline to the trail of a store that needs one, and ends the job.
pub(super) fn ensure(store: &impl Store, now: Millis) -> Result<(), Problem> {
    let Snapshot { version, head, .. } = store.load(Wanted::Keys(&[]))?;
    let at = now.max(head.made);
    let mut records = Vec::new();
    if store.lacks_baseline()? {
        let link = Link { sequence: head.link.sequence + 1, version: version.number };
        let rows = hash_of_all(store, version.number)?;
        records.push(Record::seal(&Change::baseline(), &Actor::system(REASON, at), link, &uuid()?, rows, head.chain));
    }
    let done = (JobKey { kind: JOB.to_owned(), payload: String::new() }, None);
    let commit = Commit { records: &records, jobs: &[done], ..Commit::default() };
    store.commit(version, &commit, at)?.map(drop).map_err(|Conflict| Problem::conflict())
}

#[cfg(test)]
mod tests {
    use control::{
        change::{Action, Hash},
        rows::{RowKey, RowKind},
    };

    use super::*;
    use crate::store::{
        Read, Transfer,
        backup::Place,
        sqlite::{Sqlite, database::tests::Memory},
    };

    /// A store with versions that no record commits to.
    fn unproved() -> Sqlite<Memory> {
        let store = Sqlite::new(Memory::new());
        for (at, text) in [(10, Some("1")), (20, None), (30, Some("3"))] {
            let writes = [(RowKey::of(RowKind::Flag, "a"), text.map(str::to_owned))];
            let commit = Commit { writes: &writes, ..Commit::default() };
            store.commit(store.newest().unwrap(), &commit, Millis(at)).unwrap().unwrap();
        }
        store
    }

    #[test]
    fn a_store_gets_one_baseline_at_its_newest_version() {
        let store = unproved();
        for _ in 0..3 {
            ensure(&store, Millis(5)).unwrap();
            let records = store.records(0, 9).unwrap();
            let [record] = records.as_slice() else { panic!("{} records", records.len()) };
            assert_eq!(record.link, Link { sequence: 1, version: 3 });
            let payload = record.payload.as_deref().unwrap();
            assert!(
                payload.starts_with(r#"{"action":"trail.baseline","changedAt":"1970-01-01T00:00:00.030Z","changedBy":"system","#),
                "{payload}"
            );
            let rows = control::change::RowsHasher::of_all(3).row("flag", "a", None, Some("3")).finish();
            assert_eq!(record.hashes.rows, Some(rows));
        }
        assert_eq!(store.newest().unwrap().number, 3);
    }

    #[test]
    fn a_store_whose_records_commit_to_every_row_gets_none() {
        let restored = Sqlite::new(Memory::new());
        let from = unproved();
        ensure(&from, Millis(40)).unwrap();
        let head = from.backup_head().unwrap();
        let (mut place, mut lines) = (Place::default(), Vec::new());
        while let Some((more, next)) = from.backup(&head, place).unwrap() {
            lines.extend(more);
            place = next;
        }
        restored.begin_restore().unwrap();
        restored.restore(&lines).unwrap();
        restored.end_restore(true).unwrap();
        for store in [Sqlite::new(Memory::new()), restored] {
            let before = store.records(0, 9).unwrap().len();
            ensure(&store, Millis(50)).unwrap();
            assert_eq!(store.records(0, 9).unwrap().len(), before);
            assert!(store.jobs(Some(&[JOB]), 1).unwrap().is_empty());
        }
    }

    #[test]
    fn a_baseline_is_linked_to_the_record_before_it() {
        let store = unproved();
        let link = Link { sequence: 1, version: 3 };
        // As an earlier release wrote it.
        let change = Change { action: Action::DefinitionImported, ..Change::baseline() };
        let mut record = Record::seal(&change, &Actor::system("first", Millis(30)), link, "id", Hash::NONE, Hash::NONE);
        record.hashes.rows = None;
        let first = record.hashes.chain;
        store.commit(store.newest().unwrap(), &Commit { records: &[record], ..Commit::default() }, Millis(30)).unwrap().unwrap();
        ensure(&store, Millis(50)).unwrap();
        let second = store.records(1, 9).unwrap().pop().unwrap();
        assert_eq!(second.link, Link { sequence: 2, version: 3 });
        let chain = control::change::chained(first, second.link, second.hashes.payload, second.hashes.rows);
        assert_eq!(second.hashes.chain, chain);
        assert_eq!(Action::from_name("trail.baseline"), Some(Action::Baseline));
    }
}
