//! The differences between two sets of rows: as rows to write, and as places in the document to show an operator.
use alloc::{string::String, vec::Vec};

use sdk_core::json::{Place, spelled_members};

use super::{
    BUCKET_KEY, RowKey, RowKind, Rows, refused, spelling,
    split::{Members, STATE},
};

/// A place in a document that differs from the document before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentChange {
    /// The kind of the difference.
    pub kind: ChangeKind,
    /// The place that differs, as a JSON pointer.
    pub pointer: String,
}

/// The kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Only the new document has the place.
    Added,
    /// Both documents have the place, with different values.
    Changed,
    /// Only the old document has the place.
    Removed,
    /// The new document has an error there, and the last good definition serves on.
    Refused,
}

impl ChangeKind {
    /// The name of the kind in the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Refused => "refused",
        }
    }

    fn of(before: bool, after: bool) -> Self {
        match (before, after) {
            (false, _) => Self::Added,
            (true, true) => Self::Changed,
            (true, false) => Self::Removed,
        }
    }
}

impl Rows {
    /// The rows to write so that these rows become `next`; `None` removes a row. A row that is only spelled differently is not written.
    pub fn writes<'r>(&'r self, next: &'r Self) -> Vec<(&'r RowKey, Option<&'r str>)> {
        let gone = self.0.keys().filter(|key| !next.0.contains_key(*key)).map(|key| (key, None));
        let other = next.iter().filter(|(key, text)| !self.text(key).is_some_and(|held| spelling::same(key.kind, held, text)));
        gone.chain(other.map(|(key, text)| (key, Some(text)))).collect()
    }

    /// The same differences as places in the document, to show an operator.
    pub fn changes(&self, next: &Self) -> Vec<DocumentChange> {
        let mut changes = Vec::new();
        let writes = self.writes(next);
        for (key, text) in &writes {
            let text = *text;
            let held = self.text(key);
            let change = |kind| DocumentChange { kind, pointer: pointer(key) };
            match key.kind {
                RowKind::BucketKey
                | RowKind::Course
                | RowKind::Membership
                | RowKind::Key
                | RowKind::Webhook
                | RowKind::Environment
                | RowKind::BreakGlass
                | RowKind::Schedule
                | RowKind::RolloutOverride
                | RowKind::Epoch => {}
                RowKind::Order => changes.extend(self.is_other_order(next, key).then(|| change(ChangeKind::Changed))),
                RowKind::State => changes.extend(self.state_changes(next, key, held, text)),
                RowKind::Refused if text.is_some() => changes.push(change(ChangeKind::Refused)),
                // The definition itself says what becomes of it, if it changes too.
                RowKind::Refused => {
                    let pointer = pointer(key);
                    let is_told = writes.iter().any(|(other, _)| other.kind != RowKind::Refused && self::pointer(other) == pointer);
                    changes.extend((!is_told).then(|| change(ChangeKind::Changed)));
                }
                RowKind::Member | RowKind::Segment | RowKind::Flag | RowKind::Customer | RowKind::Organization => {
                    changes.push(change(ChangeKind::of(held.is_some(), text.is_some())));
                }
            }
        }
        changes
    }

    /// Returns true if the names that both have stand in another order.
    pub(crate) fn is_other_order(&self, next: &Self, key: &RowKey) -> bool {
        let names = |rows: &'_ Self| -> Vec<String> {
            rows.get(RowKind::Order, &key.name).unwrap_or_default().split('\n').map(Into::into).collect()
        };
        let (before, after) = (names(self), names(next));
        let common = |names: &[String], others: &[String]| -> Vec<String> {
            let mut sorted: Vec<&String> = others.iter().collect();
            sorted.sort_unstable();
            names.iter().filter(|name| sorted.binary_search(name).is_ok()).cloned().collect()
        };
        common(&before, &after) != common(&after, &before)
    }

    /// The members of a flag's state that differ; none for a flag that comes or goes, which is one difference itself.
    fn state_changes(&self, next: &Self, key: &RowKey, held: Option<&str>, text: Option<&str>) -> Vec<DocumentChange> {
        let is_flag = |rows: &Self| rows.get(RowKind::Flag, &key.name).is_some();
        if !is_flag(self) || !is_flag(next) {
            return Vec::new();
        }
        let (held, text) = (held.and_then(spelled_members).unwrap_or_default(), text.and_then(spelled_members).unwrap_or_default());
        let mut changes = Vec::new();
        for name in STATE {
            let (before, after) = (find(&held, name), find(&text, name));
            let same = match (before, after) {
                (Some(before), Some(after)) => spelling::same(RowKind::State, before, after),
                (before, after) => before.is_none() && after.is_none(),
            };
            if !same {
                let kind = ChangeKind::of(before.is_some(), after.is_some());
                changes.push(DocumentChange { kind, pointer: pointer(key) + "/" + name });
            }
        }
        changes
    }
}

fn find<'t>(members: &Members<'t>, name: &str) -> Option<&'t str> {
    members.iter().find(|(known, _)| known == name).map(|(_, raw)| *raw)
}

impl RowKey {
    /// The place of the row in a document, as a JSON pointer; empty for a row that is no part of a document.
    pub fn pointer(&self) -> String {
        pointer(self)
    }
}

/// The place of a row in a document, as a JSON pointer.
pub(super) fn pointer(key: &RowKey) -> String {
    let name = serde_json::from_str::<String>(&alloc::format!("\"{}\"", key.name)).unwrap_or_else(|_| key.name.clone());
    let section = |section: &str| Place::ROOT.name(section).name(&name).pointer();
    match key.kind {
        RowKind::Member | RowKind::Order => Place::ROOT.name(&name).pointer(),
        RowKind::BucketKey => Place::ROOT.name(BUCKET_KEY).pointer(),
        RowKind::Segment => section("segments"),
        RowKind::Flag | RowKind::State | RowKind::Course => section("flags"),
        RowKind::Customer => Place::ROOT.name("overrides").name("customers").name(&name).pointer(),
        RowKind::Organization => Place::ROOT.name("overrides").name("organizations").name(&name).pointer(),
        // These rows are no part of a document.
        RowKind::Membership
        | RowKind::Key
        | RowKind::Webhook
        | RowKind::Environment
        | RowKind::BreakGlass
        | RowKind::Schedule
        | RowKind::RolloutOverride
        | RowKind::Epoch => Place::ROOT.pointer(),
        RowKind::Refused => {
            refused::section_of(&name).map_or_else(String::new, |(section, name)| Place::ROOT.name(section).name(name).pointer())
        }
    }
}
