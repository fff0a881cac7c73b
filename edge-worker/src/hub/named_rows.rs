//! Reads what a command names of the store, and nothing else: rows on pages, however many, and the rows of a change to revert.
use std::collections::BTreeSet;

use control::{
    Reverted,
    change::Action,
    rows::{RowKey, RowKind, Rows},
};
use worker::Result;

use crate::store::{Read, Wanted, audit::ChangesQuery};

/// The most rows that one statement reads.
const AT_ONCE: usize = 1_000;

/// These rows about customers and organizations. A customer brings its membership, and that the row of the organization.
pub(super) fn about(store: &impl Read, keys: impl IntoIterator<Item = RowKey>) -> Result<Rows> {
    let mut wanted = BTreeSet::new();
    for key in keys {
        if key.kind == RowKind::Customer {
            wanted.insert(RowKey { kind: RowKind::Membership, name: key.name.clone() });
        }
        wanted.insert(key);
    }
    let mut rows = newest(store, &wanted)?;
    let organization = |text: &str| Some(RowKey::of(RowKind::Organization, &serde_json::from_str::<String>(text).ok()?));
    let organizations: BTreeSet<RowKey> = rows.of(RowKind::Membership).filter_map(|(_, text)| organization(text)).collect();
    rows.append(newest(store, &organizations.difference(&wanted).cloned().collect())?);
    Ok(rows)
}

/// The newest of these rows, and no other.
pub(super) fn newest(store: &impl Read, keys: &BTreeSet<RowKey>) -> Result<Rows> {
    let (keys, version): (Vec<RowKey>, u32) = (keys.iter().cloned().collect(), store.newest()?.number);
    let mut rows = Rows::default();
    for keys in keys.chunks(AT_ONCE) {
        rows.append(store.rows(Wanted::KeysAt(keys, version))?);
    }
    Ok(rows)
}

/// The rows that a change wrote; `None` if no change has this id.
pub(super) fn reverted(store: &impl Read, change: &str) -> Result<Option<Reverted>> {
    let query = ChangesQuery { id: Some(change.to_owned()), limit: 1, ..ChangesQuery::default() };
    let Some(record) = store.changes(&query)?.entries.into_iter().next() else { return Ok(None) };
    // Another change made the version that the record names, or a later release made the change.
    if !record.action().is_some_and(Action::makes_version) {
        return Ok(Some(Reverted { version: record.link.version, ..Reverted::default() }));
    }
    store.reverted(record.link.version).map(Some)
}
