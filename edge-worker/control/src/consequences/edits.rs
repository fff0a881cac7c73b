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

    /// The text that a definition had last, of one that is gone too; `None` if nobody knows.
    fn last_text(&self, definition: &RowKey) -> Option<String>;

    /// The definitions that are there and were last written by an edit; none if nobody knows.
    fn edited(&self) -> Vec<RowKey>;

    /// The definitions that an edit removed last, and that are not there; none if nobody knows.
    fn removed(&self) -> Vec<RowKey>;
}

/// The edits that an import takes over: its document has the definition as the edit left it, or does not have the one that it removed.
pub(crate) fn adopted([before, after]: [&Rows; 2], edits: &dyn Edits) -> Vec<RowKey> {
    let is_adopted = |key: &RowKey| {
        let texts = before.text(key).zip(after.text(key));
        // The document has another definition than the last good one, which serves.
        after.refused(key).is_none() && texts.is_some_and(|(held, next)| spelling::same(key.kind, held, next))
    };
    let is_gone = |key: &RowKey| before.text(key).is_none() && after.text(key).is_none();
    edits.edited().into_iter().filter(is_adopted).chain(edits.removed().into_iter().filter(is_gone)).collect()
}

/// An edit that an import overwrites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverwrittenEdit {
    /// The subject who made it.
    pub by: String,
    /// The moment of it, as the trail spells it.
    pub at: String,
    /// The version that it made.
    pub version: u32,
    /// The first members of the definition that the edit changed and the document has otherwise, at most 20; none if the edit removed the
    /// definition.
    pub members: Vec<OverwrittenMember>,
}

/// A member of a definition that an edit changed and a document has otherwise. Each text is JSON, cut behind 200 characters; `None` where
/// the definition has no such member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverwrittenMember {
    /// The name of the member.
    pub name: String,
    /// The text before the edit.
    pub before: Option<String>,
    /// The text since the edit.
    pub now: Option<String>,
    /// The text in the document.
    pub next: Option<String>,
}

/// The most members of an edit that are told.
const MOST_MEMBERS: usize = 20;
/// The most characters of a member's text that are told.
const MOST_TEXT: usize = 200;

/// Finds the edits that an import overwrites, by member: one that the document has as it was before the edit is taken back. One that both
/// changed is a conflict, which is allowed if `seen` is true: then the operator has read the present version.
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
        if kind == RowKind::Flag {
            // A flag that was removed returns under another key too.
            names.extend(renamed.keys().map(String::as_str));
        }
        for name in names {
            let new_name = if kind == RowKind::Flag { renamed.get(name).map_or(name, String::as_str) } else { name };
            let (held, Some(next)) = (before.get(kind, name), after.get(kind, new_name)) else { continue };
            let is_next = |text: &str| spelling::same(kind, text, next);
            if held.is_some_and(is_next) {
                continue;
            }
            let key = RowKey { kind, name: name.into() };
            let Some(edit) = edits.edit(&key) else { continue };
            let Some(Judgement { message, is_taken_back, members }) = judged(&key, held, next, &edit) else { continue };
            let Edit { by, at, version, .. } = edit;
            let edit = Some(OverwrittenEdit { by, at, version, members });
            let is_allowed = seen && !is_taken_back;
            found.push(Consequence { edit, is_allowed, ..Consequence::new(ConsequenceKind::Overwritten, key, &[], message) });
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
        let mut is_found = false;
        for known in found.iter_mut().filter(|known| known.kind == ConsequenceKind::Overwritten && is_named(&known.definition)) {
            (known.is_allowed, is_found) = (true, true);
        }
        let is_definition = |key: &RowKey| matches!(key.kind, RowKind::Flag | RowKind::Segment);
        let is_known = |rows: &Rows| rows.iter().any(|(key, _)| is_definition(key) && is_named(key));
        if name != "*" && !is_found && !is_known(before) && !is_known(after) {
            return Err(name.clone());
        }
    }
    Ok(())
}

/// The fate of an edit in an import.
struct Judgement {
    message: String,
    /// True if the document has the definition, or a member that was edited, as it was before the edit.
    is_taken_back: bool,
    members: Vec<OverwrittenMember>,
}

/// Judges what an import would do to an edit; `None` if it leaves the edit as it is.
fn judged(key: &RowKey, held: Option<&str>, next: &str, Edit { by, at, version, base }: &Edit) -> Option<Judgement> {
    let what = format!("the {} {:?}", if key.kind == RowKind::Flag { "flag" } else { "segment" }, plain_name(&key.name));
    let when = format!("at {at}, in version {version}");
    let Some(held) = held else {
        let is_taken_back = base.as_deref().is_some_and(|base| spelling::same(key.kind, base, next));
        let message = format!("{by} removed {what} {when}, and the document would bring it back");
        return Some(Judgement { message, is_taken_back, members: Vec::new() });
    };
    let members = members(base.as_deref().unwrap_or("{}"), held, next);
    let is_taken_back = members.iter().any(|(_, is_taken_back)| *is_taken_back);
    let names: Vec<String> =
        members.iter().filter(|(_, own)| *own || !is_taken_back).map(|(member, _)| format!("{:?}", member.name)).collect();
    let fate = if is_taken_back { "would take that back" } else { "has another value" };
    let message = format!("{by} changed {} of {what} {when}, and the document {fate}", names.join(", "));
    let told = members.into_iter().take(MOST_MEMBERS).map(|(member, _)| member).collect();
    (!names.is_empty()).then_some(Judgement { message, is_taken_back, members: told })
}

/// The members of a definition that an edit changed and a document has otherwise, each with true if the document has it as it was before.
fn members(base: &str, held: &str, next: &str) -> Vec<(OverwrittenMember, bool)> {
    let [base, held, next] = [base, held, next].map(|text| serde_json::from_str::<Json<'_>>(text).unwrap_or(Json::Null));
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for definition in [&base, &held, &next] {
        if let Json::Object(members) = definition {
            names.extend(members.iter().map(|(name, _)| &**name));
        }
    }
    let mut found = Vec::new();
    for name in names {
        let [before, now, then] = [&base, &held, &next].map(|definition| definition.get(name));
        if now != before && now != then {
            let [told_before, told_now, told_next] = [before, now, then].map(|value| value.map(cut));
            found.push((OverwrittenMember { name: name.into(), before: told_before, now: told_now, next: told_next }, then == before));
        }
    }
    found
}

/// A value as JSON text, cut behind [`MOST_TEXT`] characters.
fn cut(value: &Json<'_>) -> String {
    let text = spelling::written(value);
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
