//! The kinds of changes that targets are told of.
use serde::{Deserialize, Serialize};

/// A kind of change, by which an operator chooses what a webhook is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// Any other change.
    Change,
    /// A rollout was rolled back, by the guard or by an operator.
    Rollback,
    /// The guard had evidence against a rollout, and held it.
    Held,
    /// A key or an API token was made, rotated, revoked or forgotten.
    Key,
    /// A scheduled command was set, carried out, refused or cancelled.
    Schedule,
    /// The break-glass token was used.
    BreakGlass,
}

const NAMES: [(NoticeKind, &str); 6] = [
    (NoticeKind::Change, "change"),
    (NoticeKind::Rollback, "rollback"),
    (NoticeKind::Held, "held"),
    (NoticeKind::Key, "key"),
    (NoticeKind::Schedule, "schedule"),
    (NoticeKind::BreakGlass, "break-glass"),
];

/// The beginnings of actions' names, each with the kind of such changes. All other changes are [`NoticeKind::Change`].
const BY_ACTION: [(&str, NoticeKind); 6] = [
    ("rollout.rollback", NoticeKind::Rollback),
    ("rollout.held", NoticeKind::Held),
    ("key.", NoticeKind::Key),
    ("token.", NoticeKind::Key),
    ("schedule.", NoticeKind::Schedule),
    ("break-glass.", NoticeKind::BreakGlass),
];

impl NoticeKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 6] = [Self::Change, Self::Rollback, Self::Held, Self::Key, Self::Schedule, Self::BreakGlass];

    /// The name of the kind, as requests and messages have it.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// The kind of a change whose record has this action, which a later release may have made.
    pub fn of_action(action: &str) -> Self {
        BY_ACTION.iter().find(|(beginning, _)| action.starts_with(beginning)).map_or(Self::Change, |(_, kind)| *kind)
    }
}
