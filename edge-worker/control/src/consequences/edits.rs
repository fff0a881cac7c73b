//! Definitions that operators edited one by one since a document brought them: an import must not take such an edit back in silence.
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};

use sdk_core::json::Json;

use super::{Consequence, ConsequenceKind, plain_name};
use crate::rows::{RowKey, RowKind, Rows, spelling};

/// The newest edit of a definition that was edited by other means than an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The subject who made it.
    pub by: String,
    /// The moment of it, as the trail spells it.
    pub at: String,
    /// The version that it made.
    pub version: u32,
    /// The definition as the last import left it or, if no import ever wrote it, as it was made; `None` if there was none.
    pub base: Option<String>,
}

/// The edits of definitions, from the history of the store.
pub trait Edits {
    /// The newest edit of a definition; `None` if an import was the last to write it, or nobody knows.
    fn edit(&self, definition: &RowKey) -> Option<Edit>;

    /// The definitions that are there and were last written by an edit; none if nobody knows.
    fn edited(&self) -> Vec<RowKey>;
}

/// The edits that an import takes over: its document has the definition as the edit left it.
pub(crate) fn adopted([before, after]: [&Rows; 2], edits: &dyn Edits) -> Vec<RowKey> {
    let is_adopted = |key: &RowKey| {
        let texts = before.text(key).zip(after.text(key));
        // The document has another definition than the last good one, which serves.
        after.refused(key).is_none() && texts.is_some_and(|(held, next)| spelling::same(key.kind, held, next))
    };
    edits.edited().into_iter().filter(is_adopted).collect()
}

/// Finds the edits that an import would take back, by member: one that the document has as it was before the edit is taken back. One that
/// both changed is a conflict, which the operator has settled if `seen` is true: then they have read the present version.
pub(crate) fn overwritten(
    [before, after]: [&Rows; 2],
    renamed: &BTreeMap<String, String>,
    seen: bool,
    edits: &dyn Edits,
) -> Vec<Consequence> {
    let mut found = Vec::new();
    for kind in [RowKind::Segment, RowKind::Flag] {
        let mut names: BTreeSet<&str> = before.of(kind).map(|(name, _)| name).collect();
        names.extend(after.of(kind).map(|(name, _)| name).filter(|name| renamed.values().all(|to| to != name)));
        for name in names {
            let new_name = if kind == RowKind::Flag { renamed.get(name).map_or(name, String::as_str) } else { name };
            let (held, Some(next)) = (before.get(kind, name), after.get(kind, new_name)) else { continue };
            let is_next = |text: &str| spelling::same(kind, text, next);
            if held.is_some_and(is_next) {
                continue;
            }
            let key = RowKey { kind, name: name.into() };
            let Some(edit) = edits.edit(&key) else { continue };
            let Some(message) = judged(&key, held, next, seen, &edit) else { continue };
            found.push(Consequence::new(ConsequenceKind::Overwritten, key, &[], message));
        }
    }
    found
}

/// Marks the edits that may be overwritten: by the key of a flag, by a pointer without its first slash, or all of them by `*`. The error is
/// a name that neither document has.
pub(crate) fn allow(found: &mut [Consequence], names: &[String], [before, after]: [&Rows; 2]) -> Result<(), String> {
    for name in names {
        let is_named = |key: &RowKey| {
            let pointer = key.pointer();
            name == "*" || pointer.strip_prefix('/') == Some(name) || key.kind == RowKind::Flag && plain_name(&key.name) == *name
        };
        for known in found.iter_mut().filter(|known| known.kind == ConsequenceKind::Overwritten && is_named(&known.definition)) {
            known.is_allowed = true;
        }
        let is_definition = |key: &RowKey| matches!(key.kind, RowKind::Flag | RowKind::Segment);
        let is_known = |rows: &Rows| rows.iter().any(|(key, _)| is_definition(key) && is_named(key));
        if name != "*" && !is_known(before) && !is_known(after) {
            return Err(name.clone());
        }
    }
    Ok(())
}

/// Tells in words what an import would do to an edit; `None` if it leaves the edit as it is.
fn judged(key: &RowKey, held: Option<&str>, next: &str, seen: bool, Edit { by, at, version, base }: &Edit) -> Option<String> {
    let what = format!("the {} {:?}", if key.kind == RowKind::Flag { "flag" } else { "segment" }, plain_name(&key.name));
    let when = format!("at {at}, in version {version}");
    let Some(held) = held else {
        let is_as_before = base.as_deref().is_some_and(|base| spelling::same(key.kind, base, next));
        return (!seen || is_as_before).then(|| format!("{by} removed {what} {when}, and the document would bring it back"));
    };
    let base = base.as_deref().unwrap_or("{}");
    let Members { taken_back, other } = members(base, held, next);
    if !taken_back.is_empty() {
        return Some(format!("{by} changed {} of {what} {when}, and the document would take that back", taken_back.join(", ")));
    }
    let told = || format!("{by} changed {} of {what} {when}, and the document has another value", other.join(", "));
    (!seen && !other.is_empty()).then(told)
}

/// The members of a definition that an edit changed and a document has otherwise, quoted.
#[derive(Default)]
struct Members {
    /// The document has them as they were before the edit.
    taken_back: Vec<String>,
    /// The document has a third value.
    other: Vec<String>,
}

fn members(base: &str, held: &str, next: &str) -> Members {
    let [base, held, next] = [base, held, next].map(|text| serde_json::from_str::<Json<'_>>(text).unwrap_or(Json::Null));
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for definition in [&base, &held, &next] {
        if let Json::Object(members) = definition {
            names.extend(members.iter().map(|(name, _)| &**name));
        }
    }
    let mut found = Members::default();
    for name in names {
        let [before, now, then] = [&base, &held, &next].map(|definition| definition.get(name));
        if now != before && now != then {
            if then == before { &mut found.taken_back } else { &mut found.other }.push(format!("{name:?}"));
        }
    }
    found
}
