//! A store as lines of JSON, so that it can be carried to another one.
//!
//! The first line is [`Head`], the last [`Tail`]; between them stand [`Line`]s, in the order they were written in. Versions, rows
//! and records are only ever added to, so what had been added when a backup began stays what it is while it is written. Of the events,
//! those that have been kept for long enough may be deleted meanwhile, and are missing then. The sums of outcomes and the states of the
//! guard are those of the moment at which their lines are written.
use std::{fmt, str::FromStr};

use control::change::{Hash, Hasher};
use serde::{Deserialize, Serialize};

use crate::version::Epoch;

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
    /// Flag, beginning of the stage, exposures and errors of a stage of a rollout.
    Stage(String, i64, u64, u64),
    /// Flag, hour, variant, event and number of the outcomes of an hour.
    Usage(String, i64, String, String, u64),
    /// Flag, state of the guard, and the moment at which it last held the rollout.
    Guard(String, String, Option<i64>),
}

impl Line {
    /// About how many bytes of text it has.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Version(..) | Self::Stage(..) | Self::Usage(..) => 0,
            Self::Guard(_, state, _) => state.len(),
            Self::Row(.., text) | Self::PagedRow(.., text) => text.as_ref().map_or(0, String::len),
            Self::Change(_, _, payload, ..) | Self::Record(_, _, payload, ..) => payload.as_ref().map_or(0, String::len),
            Self::Event(.., metadata, _) => metadata.len(),
        }
    }
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

/// The first line of a piece of a backup. Pieces are taken in their order: each names the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PieceHead {
    /// The number of the piece; the first is 1.
    pub(crate) piece: u32,
    /// The `sha256` of the piece before it, and of the first piece 64 zeros.
    pub(crate) before: String,
    /// The contents of all pieces.
    pub(crate) of: Head,
}

/// The last line of a piece of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PieceTail {
    /// The number of lines, the first one not counted.
    pub(crate) lines: u64,
    /// The SHA-256 of all lines before this one with their line feeds, in hex.
    pub(crate) sha256: String,
    /// The beginning of the next piece, as [`PieceStart`] is spelled; `None` behind the last piece.
    pub(crate) next: Option<String>,
}

/// The beginning of a piece of a backup: all that is needed to make it, whenever it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PieceStart {
    pub(crate) piece: u32,
    pub(crate) epoch: Epoch,
    /// The newest version, record and event of the backup.
    pub(crate) upto: (u32, u64, u64),
    pub(crate) place: Place,
    /// The `sha256` of the piece before it.
    pub(crate) before: Hash,
}

impl fmt::Display for PieceStart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { piece, epoch, upto: (version, records, events), place: Place { table, after }, before } = self;
        write!(formatter, "{piece}.{epoch}.{version}.{records}.{events}.{table}.{after}.{}", before.to_hex())
    }
}

impl FromStr for PieceStart {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        fn number<T: FromStr>(text: &str) -> Result<T, ()> {
            text.parse().map_err(|_| ())
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [piece, epoch, version, records, events, table, after, before] = parts.as_slice() else { return Err(()) };
        let place = Place { table: number(table)?, after: number(after)? };
        Ok(Self {
            piece: number(piece)?,
            epoch: epoch.parse().map_err(|_| ())?,
            upto: (number(version)?, number(records)?, number(events)?),
            place,
            before: Hash::from_hex(before).ok_or(())?,
        })
    }
}

/// The position of a backup in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// 0 versions, 1 rows, 2 records, 3 events, 4 stages, 5 usage, 6 states of the guard.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_piece_is_read_as_it_is_spelled() {
        let text = format!("2.0a1b2c3d4e5f.7.120.30.1.4411.{}", "ab".repeat(32));
        let start: PieceStart = text.parse().unwrap();
        assert_eq!((start.piece, start.upto, start.place), (2, (7, 120, 30), Place { table: 1, after: 4411 }));
        assert_eq!(start.to_string(), text);
        for wrong in ["", "start", &text[2..], &format!("{text}.1"), &text.replace("0a1b2c3d4e5f", "0a"), &text.replace(".7.", ".-7.")] {
            assert_eq!(wrong.parse::<PieceStart>(), Err(()), "{wrong}");
        }
    }
}
