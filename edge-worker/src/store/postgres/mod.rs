//! The journal in Postgres: what a hub asks of it, over one connection that is kept.
//!
//! Two functions of the database do everything, each in one round trip: `twinflag.append` adds an entry behind the place that the hub
//! knows, or says why not, and `twinflag.news` answers what the hub has not taken yet. Only a worker with the feature `postgres` has the
//! client of the database; another one refuses the setting `STORE`.
#![cfg_attr(not(any(test, feature = "postgres")), expect(dead_code, reason = "the worker without the client asks nothing"))]

#[cfg(not(any(test, feature = "postgres")))]
mod absent;
#[cfg(any(test, feature = "postgres"))]
mod connection;
#[cfg(any(test, feature = "postgres"))]
mod session;
#[cfg(test)]
mod tests;

use serde::Deserialize;

#[cfg(not(any(test, feature = "postgres")))]
pub(crate) use self::absent::{Address, Postgres};
#[cfg(any(test, feature = "postgres"))]
pub(crate) use self::connection::{Address, Postgres};
use super::journal::{Identity, Position};

/// The form of an address, as a refusal names it.
pub(crate) const EXPECTED: &str =
    "an address such as postgres://user:password@host:5432/database, with one host, in a worker that is built for Postgres";

/// The entries behind a place of the journal, and the changes by SQL that no hub has taken.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct News {
    /// The number of the newest entry, which may be behind those that are answered.
    pub(crate) newest: i64,
    /// The id of the entry at the place; `None` if there is none.
    at: Option<String>,
    #[serde(flatten)]
    pub(crate) identity: Identity,
    /// Numbers, ids and texts.
    pub(crate) entries: Vec<(i64, String, String)>,
    /// Number, kind, name, actor, reason, moment, and the row as it is now; without one it is gone.
    pub(crate) edits: Vec<EditLine>,
}

/// A row that SQL changed: number, kind, name, actor, reason, moment, and the row as it is now.
pub(crate) type EditLine = (i64, String, String, String, String, i64, Option<String>);

impl News {
    /// Returns true if the journal has the entry that the hub took last, at the same place.
    pub(crate) fn follows(&self, position: &Position) -> bool {
        self.at.as_deref().unwrap_or_default() == position.entry && position.number <= self.newest
    }
}

/// An entry to add.
pub(crate) struct Appended<'a> {
    pub(crate) hub: &'a str,
    /// The number of the entry that it follows.
    pub(crate) behind: i64,
    pub(crate) id: &'a str,
    pub(crate) entry: &'a str,
    /// The rows of the definitions for the database's own evaluation; `None` if they stay as they are.
    pub(crate) compiled: Option<&'a str>,
    /// The numbers of the changes by SQL that the entry takes.
    pub(crate) takes: &'a [i64],
}

/// The journal's answer to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// The entry stands in the journal, and everything that it says in the tables.
    Done,
    /// Another entry, or a change by SQL, comes first.
    Behind,
}

/// The reason why the database did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Unavailable {
    /// It cannot be reached, or does not answer; whether it did what it was asked is not known.
    Away(String),
    /// It refuses a value, such as an id that its tables cannot hold.
    Refused(String),
}
