//! Records, versions and what is asked of them.
use control::change::{Action, Hash, Hashes, Link};
use sdk_core::Millis;
use serde::{Deserialize, Serialize};

/// A record as it lies in the store.
pub(crate) struct Stored {
    pub(crate) link: Link,
    /// `None` where it was erased.
    pub(crate) payload: Option<String>,
    pub(crate) hashes: Hashes,
}

impl Stored {
    /// The id of the record; `None` where it was erased.
    pub(crate) fn id(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Payload {
            id: String,
        }
        Some(serde_json::from_str::<Payload>(self.payload.as_deref()?).ok()?.id)
    }

    /// The kind of the change; `None` where the record was erased, or if a later release made it.
    pub(crate) fn action(&self) -> Option<Action> {
        #[derive(Deserialize)]
        struct Payload {
            action: String,
        }
        Action::from_name(&serde_json::from_str::<Payload>(self.payload.as_deref()?).ok()?.action)
    }
}

/// The newest record and the newest version: what the next ones stand behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// [`Hash::NONE`] and 0 where there is none.
    pub(crate) chain: Hash,
    pub(crate) link: Link,
    /// When the newest version was made; the beginning of time where there is none.
    pub(crate) made: Millis,
}

/// A part of a row's text, as a version wrote it. Most rows are one part.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) version: u32,
    /// When the version was made; `None` where there is no such version.
    pub(crate) made: Option<Millis>,
    /// The name of its kind, which a later release may have made.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) page: Option<u16>,
    /// `None` where the version took the row away.
    pub(crate) text: Option<String>,
}

/// The steps of a comparison between the tables that serve and the history of rows, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ComparisonStep {
    /// Rows by kind and name, each with its last version.
    Rows,
    /// Rows that serve.
    Serving,
    /// Pages.
    Pages,
    /// Versions.
    Versions,
    /// The versions that rows name.
    Origins,
    /// Records without a payload.
    Erased,
}

/// The position of a comparison: behind what it has looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ComparisonPlace {
    pub(crate) step: ComparisonStep,
    /// A version, a page or the number of a record.
    pub(crate) version: i64,
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl ComparisonPlace {
    /// The beginning of a step.
    pub(crate) fn of(step: ComparisonStep) -> Self {
        // The least whole number that JavaScript holds exactly.
        Self { step, version: -9_007_199_254_740_991, kind: String::new(), name: String::new() }
    }
}

/// The outcome of a slice of a comparison.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// No contradiction among as many rows; the next slice begins at this place.
    Next { place: ComparisonPlace, looked: u32 },
    /// Everything was looked at, and nothing contradicts.
    End,
    /// A contradiction, as a sentence.
    Fault(String),
}

/// The entries that a query found, newest first.
pub(crate) struct Found<T> {
    pub(crate) entries: Vec<T>,
    /// The number below which the query goes on, because it found as many as it asked for or looked at as many as it may; `None` if no
    /// older entry matches.
    pub(crate) next: Option<u64>,
}

/// The most entries that a list for operators looks at.
pub(crate) const MOST_LOOKED_AT: u32 = 2_000;

/// A query for records: a record must match every member that is given.
#[derive(Default)]
pub(crate) struct ChangesQuery {
    pub(crate) id: Option<String>,
    /// Keys of flags, of which one is the record's; empty for all records.
    pub(crate) flags: Vec<String>,
    /// A place in the document, of changes that are about no flag.
    pub(crate) pointer: Option<String>,
    pub(crate) customer: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) version: Option<u32>,
    /// Only records below this number.
    pub(crate) below: Option<u64>,
    /// Only what concerns this organization or one of its customers.
    pub(crate) within: Option<String>,
    pub(crate) limit: u32,
    /// The most records to look at; `None` for all.
    pub(crate) budget: Option<u32>,
}

/// A query for entries of the logs of rollouts: an entry must match every member that is given.
#[derive(Default)]
pub(crate) struct EventsQuery {
    /// The key of a flag.
    pub(crate) flag: Option<String>,
    pub(crate) customer: Option<String>,
    pub(crate) event: Option<String>,
    /// Only entries below this number.
    pub(crate) below: Option<u32>,
    pub(crate) limit: u32,
    /// The most entries to look at; `None` for all.
    pub(crate) budget: Option<u32>,
}

/// An entry in the log of a rollout.
pub(crate) struct Happened {
    pub(crate) sequence: u32,
    pub(crate) id: String,
    pub(crate) flag: String,
    pub(crate) feature: String,
    pub(crate) customer: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) event: String,
    /// A JSON object.
    pub(crate) metadata: String,
    pub(crate) at: Millis,
}

/// A version in the list of all: when it was made, and how much it changed.
pub(crate) struct ListedVersion {
    pub(crate) number: u32,
    pub(crate) at: Millis,
    pub(crate) changes: u64,
    /// The first of its records.
    pub(crate) first: Option<String>,
}

/// Which answer is to be explained.
pub(crate) struct ForExplain<'a> {
    /// The key of the flag.
    pub(crate) flag: &'a str,
    /// The name of the level that answered.
    pub(crate) layer: &'a str,
    pub(crate) customer: Option<&'a str>,
    pub(crate) organization: Option<&'a str>,
    pub(crate) version: u32,
}
