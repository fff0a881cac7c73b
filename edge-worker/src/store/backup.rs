//! A store as lines of JSON, so that it can be carried to another one.
//!
//! The first line is [`Head`], the last [`Tail`]; between them stand [`Line`]s, in the order they were written in. Versions, rows
//! and records are only ever added to, so what had been added when a backup began stays what it is while it is written. Of the events,
//! those that have been kept for long enough may be deleted meanwhile, and are missing then.
use control::change::Hasher;
use serde::{Deserialize, Serialize};

/// The contents of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    /// The form of the lines: 1.
    pub(crate) backup: u32,
    /// Up to this version,
    pub(crate) version: u32,
    /// and this record,
    pub(crate) records: u64,
    /// whose hash is this, in hex.
    pub(crate) chain: String,
    /// Up to this event.
    pub(crate) events: u64,
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Line {
    /// A version, and when it was made.
    Version(u32, i64),
    /// Kind, name, version, part and text of a row.
    Row(String, String, u32, u32, Option<String>),
    /// The same of a kind that this release does not know, with its page before it: nobody here could say which one it is on.
    PagedRow(u16, String, String, u32, u32, Option<String>),
    /// Number, version, payload, hash of the payload and hash of a record that was written before records committed to rows.
    Change(u64, u32, Option<String>, String, String),
    /// Number, version, payload, hash of the payload, hash of the rows of its version, and hash of a record.
    Record(u64, u32, Option<String>, String, String, String),
    /// Number, id, feature, flag, customer, unit, kind, metadata and time of an event.
    Event(u64, String, String, String, Option<String>, Option<String>, String, String, i64),
}

/// The counts and the digest of the lines before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tail {
    /// How many lines, the first one not counted.
    pub(crate) lines: u64,
    /// The SHA-256 of all lines before this one with their line feeds, in hex.
    pub(crate) sha256: String,
}

/// The position of a backup in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// 0 versions, 1 rows, 2 records, 3 events.
    pub(crate) table: u8,
    /// Behind this row.
    pub(crate) after: i64,
}

/// Counts lines and hashes them.
#[derive(Clone, Default)]
pub(crate) struct Sum {
    hasher: Hasher,
    lines: u64,
}

impl Sum {
    /// Takes a line, without its line feed.
    pub(crate) fn add(&mut self, line: &str) {
        self.hasher.update(line.as_bytes());
        self.hasher.update(b"\n");
        self.lines += 1;
    }

    /// The expected last line.
    pub(crate) fn tail(&self) -> Tail {
        Tail { lines: self.lines.saturating_sub(1), sha256: self.hasher.clone().finish().to_hex() }
    }
}
