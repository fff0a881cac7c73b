//! The names of flags beside one another: aliases that are taken, and keys that are prefixes of keys.
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    vec::Vec,
};

use super::{error::DocumentError, key::key_fault, link::LinkedFlag, report::Report};
use crate::json::Place;

/// Drops aliases that break the syntax of keys, equal one of `keys`, or equal an alias of a flag further up. `keys` are those of all flags,
/// also of flags that are left out.
pub(crate) fn drop_aliases<'f>(keys: impl Iterator<Item = &'f str>, flags: &mut [LinkedFlag<'f>], report: &mut Report) {
    if flags.iter().all(|flag| flag.definition.aliases.is_empty()) {
        return;
    }
    let mut taken: BTreeSet<&str> = keys.collect();
    let place = Place::ROOT.name("flags");
    for flag in flags {
        report.reading(flag.at);
        let key_place = place.name(flag.key);
        let mut dropped = Vec::new();
        for (index, alias) in flag.definition.aliases.iter().enumerate() {
            let mut is_dropped = flag.dropped.binary_search(&index).is_ok();
            if !is_dropped
                && let Some(fault) =
                    key_fault(alias).or_else(|| (!taken.insert(alias)).then_some("the alias is also a key or another alias"))
            {
                report.error(key_place.name("aliases").index(index), fault);
                is_dropped = true;
            }
            if is_dropped {
                dropped.push(index);
            }
        }
        flag.dropped = dropped;
    }
}

/// Warns of each key that is a prefix path of another: where flags are served as a tree, it has no place.
pub(crate) fn prefixes(flags: &[LinkedFlag<'_>]) -> Vec<DocumentError> {
    let mut keys: Vec<&str> = flags.iter().map(|flag| flag.key).collect();
    if keys.iter().all(|key| !key.contains('.')) {
        return Vec::new();
    }
    keys.sort_unstable();
    // For each key: the first key below it.
    let mut below: BTreeMap<&str, &str> = BTreeMap::new();
    for key in &keys {
        for (end, _) in key.match_indices('.') {
            if let Some(prefix) = key.get(..end).filter(|prefix| keys.binary_search(prefix).is_ok()) {
                below.entry(prefix).or_insert(key);
            }
        }
    }
    let place = Place::ROOT.name("flags");
    let warn = |key: &str| {
        let longer = below.get(key)?;
        Some(DocumentError::at(place.name(key), format!("the key is left out where flags are served as a tree, because of {longer:?}")))
    };
    flags.iter().filter_map(|flag| warn(flag.key)).collect()
}
