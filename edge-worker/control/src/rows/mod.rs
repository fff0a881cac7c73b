//! Rows: a document in pieces, as a hub stores it. A change writes only the rows that it changes, and no row is as large as the whole.
//!
//! A row is a piece of the document's text under a key. [`Rows::split`] and [`Rows::compose`] are each other's inverse but for
//! spelling: what is composed evaluates exactly like what was split, bad flags included. `enabled` and `rollout` of a flag, and
//! all overrides, are *state*: they stand in rows of their own, and [`Rows::merge`] keeps them when a document is imported.
mod changes;
mod compose;
mod digest;
mod merge;
pub(crate) mod refused;
pub(crate) mod spelling;
mod split;

use alloc::{collections::BTreeMap, string::String};

pub use changes::{ChangeKind, DocumentChange};
pub use digest::DocumentDigest;
pub(crate) use merge::aliases;
pub use merge::{Merged, Renamed, State};

use sdk_core::{
    OwnerKind, Subkey,
    json::{quoted, unquoted},
};

/// The member of a document that names its bucket key.
pub(crate) const BUCKET_KEY: &str = "bucketKey";

/// The number of pages that the overrides are grouped in.
pub const PAGES: u16 = 1_024;

/// The kind of a row. The names are those that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKind {
    /// A member of the document itself: `environment`, `private`, `bucketKey`.
    Member,
    /// The bucket key in force, in hex; no part of the document.
    BucketKey,
    /// The names of flags or segments in the order they were written in, a line each.
    Order,
    /// A segment.
    Segment,
    /// A flag without its state.
    Flag,
    /// The members of a flag that an import keeps.
    State,
    /// The overrides of one customer.
    Customer,
    /// The overrides of one organization.
    Organization,
    /// The course of a flag's rollout, kept beside its state; no part of the document.
    Course,
    /// The organization that a customer belongs to; no part of the document.
    Membership,
    /// A key that opens the edge; no part of the document.
    Key,
    /// A target that the hub tells of changes; no part of the document.
    Webhook,
    /// An environment besides the first one, in the first hub; no part of the document.
    Environment,
    /// The moment at which the store's epoch was last renewed by a command; no part of the document.
    Epoch,
    /// The newest use of the break-glass token that the trail has; no part of the document.
    BreakGlass,
    /// A definition that was imported and refused, beside the last good one of its flag or segment, which serves.
    Refused,
    /// A pending schedule; no part of the document.
    Schedule,
    /// A note that an override belongs to the rollout of its flag, which removes it when it is rolled back; no part of the document.
    RolloutOverride,
}

const KINDS: [(RowKind, &str); 18] = [
    (RowKind::Member, "member"),
    (RowKind::BucketKey, "bucket key"),
    (RowKind::Order, "order"),
    (RowKind::Segment, "segment"),
    (RowKind::Flag, "flag"),
    (RowKind::State, "state"),
    (RowKind::Customer, "customer"),
    (RowKind::Organization, "organization"),
    (RowKind::Course, "course"),
    (RowKind::Membership, "membership"),
    (RowKind::Key, "key"),
    (RowKind::Webhook, "webhook"),
    (RowKind::Environment, "environment"),
    (RowKind::Epoch, "epoch"),
    (RowKind::BreakGlass, "break glass"),
    (RowKind::Refused, "refused"),
    (RowKind::Schedule, "schedule"),
    (RowKind::RolloutOverride, "rollout override"),
];

impl RowKind {
    /// The name of the kind, as it is stored.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// The kind of owner whose overrides such a row holds; `None` for other rows.
    pub fn owner(self) -> Option<OwnerKind> {
        match self {
            Self::Customer => Some(OwnerKind::Customer),
            Self::Organization => Some(OwnerKind::Organization),
            Self::Member
            | Self::BucketKey
            | Self::Order
            | Self::Segment
            | Self::Flag
            | Self::State
            | Self::Course
            | Self::Membership
            | Self::Key
            | Self::Webhook
            | Self::Environment
            | Self::Epoch
            | Self::BreakGlass
            | Self::Schedule
            | Self::RolloutOverride
            | Self::Refused => None,
        }
    }

    /// Returns true if such rows are no part of a document: an import leaves them as they are.
    pub fn is_beside_documents(self) -> bool {
        match self {
            Self::Course
            | Self::Membership
            | Self::Key
            | Self::Webhook
            | Self::Environment
            | Self::Epoch
            | Self::BreakGlass
            | Self::Schedule
            | Self::RolloutOverride
            | Self::Refused => true,
            Self::Member
            | Self::BucketKey
            | Self::Order
            | Self::Segment
            | Self::Flag
            | Self::State
            | Self::Customer
            | Self::Organization => false,
        }
    }
}

impl From<OwnerKind> for RowKind {
    fn from(kind: OwnerKind) -> Self {
        match kind {
            OwnerKind::Customer => Self::Customer,
            OwnerKind::Organization => Self::Organization,
        }
    }
}

/// The key of a row. The name is spelled as JSON does, so that any name can be stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey {
    /// The kind of the row.
    pub kind: RowKind,
    /// The name of the thing that the row holds, as JSON spells it between the quotes.
    pub name: String,
}

impl RowKey {
    /// The key of the row of this kind for a thing with this name.
    pub fn of(kind: RowKind, name: &str) -> Self {
        Self { kind, name: unquoted(&quoted(name)).into() }
    }

    /// The page of a row about a customer or an organization, below [`PAGES`]; other rows have none.
    pub fn page(&self) -> Option<u16> {
        // Hubs store the page of an owner, so this key never changes.
        const OWNERS: Subkey = Subkey([0x7477_696E_666C_6167, 0x7061_6765_732D_6F66]);
        let owner = if self.kind == RowKind::Membership { Some(OwnerKind::Customer) } else { self.kind.owner() };
        let hash = match owner? {
            OwnerKind::Customer => OWNERS.hash(self.name.as_bytes()),
            OwnerKind::Organization => Subkey([OWNERS.0[1], OWNERS.0[0]]).hash(self.name.as_bytes()),
        };
        u16::try_from(hash % u64::from(PAGES)).ok()
    }
}

/// A document in rows, whole or in part.
///
/// ```
/// use control::rows::{RowKey, RowKind, Rows};
///
/// let rows = Rows::split(r#"{ "schema": "twinflag/1", "flags": { "chat": { "enabled": false, "default": "on" } } }"#).unwrap_or_default();
/// assert_eq!(rows.text(&RowKey::of(RowKind::State, "chat")), Some(r#"{"enabled":false}"#));
/// assert_eq!(rows.text(&RowKey::of(RowKind::Flag, "chat")), Some(r#"{"default":"on"}"#));
/// assert_eq!(rows.compose(true), r#"{"schema":"twinflag/1","flags":{"chat":{"default":"on","enabled":false}}}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows(BTreeMap<RowKey, Row>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    text: String,
    /// Of a flag: whether it is one object that says nothing of the flag's state, so that the state's members can be written into it. Of a
    /// state: whether it is one object, whose members can be. False of other kinds.
    joins: bool,
}

impl Row {
    fn new(kind: RowKind, text: String) -> Self {
        let joins = match kind {
            RowKind::Flag => split::single(text.trim_ascii())
                .is_some_and(|members| members.iter().all(|(name, _)| !split::STATE.contains(&name.as_str()))),
            RowKind::State => split::single(text.trim_ascii()).is_some(),
            _ => false,
        };
        Self { text, joins }
    }
}

/// Returns true if a flag's definition is one object that says nothing of a state.
pub(crate) fn takes_state(definition: &str) -> bool {
    Row::new(RowKind::Flag, definition.into()).joins
}

impl Rows {
    /// The text of the row of this kind, whose name is spelled as JSON does; `None` if there is none.
    pub fn get(&self, kind: RowKind, name: &str) -> Option<&str> {
        self.text(&RowKey { kind, name: name.into() })
    }

    /// Writes a row, in place of the one with this key if there is one.
    pub fn insert(&mut self, key: RowKey, text: String) {
        let row = Row::new(key.kind, text);
        self.0.insert(key, row);
    }

    /// Removes the row with this key, if there is one.
    pub fn remove(&mut self, key: &RowKey) {
        self.0.remove(key);
    }

    /// Writes all rows of another set, in place of those with the same keys.
    pub fn append(&mut self, rows: Self) {
        self.0.extend(rows.0);
    }

    /// The keys of the rows that hold overrides.
    pub fn owners(&self) -> impl Iterator<Item = &RowKey> {
        self.0.keys().filter(|key| key.kind.owner().is_some())
    }

    /// Returns true if there is no row.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// No fewer bytes than the document of these rows has without overrides.
    pub(crate) fn bytes_at_most(&self) -> usize {
        // Every text and every name stands in it at most once, with its quotes, a colon and a comma; so do the names of sections.
        let bytes = self.0.iter().filter(|(key, _)| key.page().is_none()).map(|(key, row)| key.name.len() + row.text.len() + 4);
        bytes.sum::<usize>() + 64
    }

    /// The rows, ordered by kind and name.
    pub fn iter(&self) -> impl Iterator<Item = (&RowKey, &str)> {
        self.0.iter().map(|(key, row)| (key, row.text.as_str()))
    }

    /// The text of the row with this key; `None` if there is none.
    pub fn text(&self, key: &RowKey) -> Option<&str> {
        self.0.get(key).map(|row| row.text.as_str())
    }

    /// The names and texts of the rows of one kind, ordered by name.
    pub fn of(&self, kind: RowKind) -> impl Iterator<Item = (&str, &str)> {
        let from = RowKey { kind, name: String::new() };
        self.0.range(from..).take_while(move |(key, _)| key.kind == kind).map(|(key, row)| (key.name.as_str(), row.text.as_str()))
    }

    /// The names of flags or segments, in the order of the document.
    pub(crate) fn names<'r>(&'r self, section: &'static str) -> impl Iterator<Item = &'r str> + Clone {
        self.get(RowKind::Order, section).unwrap_or_default().lines()
    }
}
