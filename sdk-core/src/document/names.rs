//! The names of flags beside one another: aliases that are taken, and keys that are prefixes of keys.
use alloc::{collections::BTreeSet, format, vec::Vec};

use super::{error::DocumentError, flag::Draft, key::key_fault, reader::Report};
use crate::json::{Place, cursor::Member};

/// Drops aliases that are no keys by their syntax, are keys, be it of a flag that is left out, or aliases of a flag further up.
pub(crate) fn drop_aliases(members: &[Member<'_>], drafts: &mut [(usize, Draft<'_>)], report: &mut Report) {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut dropped: Vec<Vec<usize>> = Vec::new();
    if drafts.iter().all(|(_, draft)| draft.aliases.is_empty()) {
        return;
    }
    taken.extend(members.iter().filter_map(|member| member.name.as_deref().ok()));
    let place = Place::ROOT.name("flags");
    for (at, draft) in &*drafts {
        report.reading(*at);
        let key_place = place.name(&draft.key);
        let mut bad = Vec::new();
        for (index, alias) in &draft.aliases {
            let fault = key_fault(alias).or_else(|| (!taken.insert(alias)).then_some("the alias is also a key or another alias"));
            if let Some(fault) = fault {
                report.error(key_place.name("aliases").index(*index), fault);
                bad.push(*index);
            }
        }
        dropped.push(bad);
    }
    for ((_, draft), bad) in drafts.iter_mut().zip(&dropped) {
        draft.aliases.retain(|(index, _)| bad.binary_search(index).is_err());
    }
}

/// Warns of each key that is a prefix path of another: where flags are served as a tree, it has no place.
pub(crate) fn prefixes(drafts: &[(usize, Draft<'_>)]) -> Vec<DocumentError> {
    let mut keys: Vec<&str> = drafts.iter().map(|(_, draft)| draft.key.as_ref()).collect();
    keys.sort_unstable();
    // By key: one that stands below it.
    let mut below: Vec<Option<&str>> = alloc::vec![None; keys.len()];
    for key in &keys {
        for (end, _) in key.match_indices('.') {
            let prefix = key.get(..end).and_then(|prefix| keys.binary_search(&prefix).ok());
            if let Some(below) = prefix.and_then(|prefix| below.get_mut(prefix)) {
                below.get_or_insert(key);
            }
        }
    }
    let place = Place::ROOT.name("flags");
    let warn = |key: &str| {
        let longer = below.get(keys.binary_search(&key).ok()?).copied().flatten()?;
        Some(DocumentError::at(place.name(key), format!("the key is left out where flags are served as a tree, because of {longer:?}")))
    };
    drafts.iter().filter_map(|(_, draft)| warn(&draft.key)).collect()
}
