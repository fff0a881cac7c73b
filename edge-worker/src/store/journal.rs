//! The entries of a journal: each is a commit, as text that another store takes in the same order and becomes the same by.
use std::cell::{Cell, RefCell};

use control::{
    Event,
    change::{Hash, Hashes, Link, Record},
    rows::{RowKey, RowKind},
};
use sdk_core::Millis;
use serde::{Deserialize, Serialize};
use worker::{Error, Result};

use super::{
    Answer, Commit, Conflict, Progress,
    jobs::{Job, JobKey},
};
use crate::version::{Epoch, Version};

/// The place of an entry in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// 1 for the first entry; 0 before it.
    pub(crate) number: i64,
    /// The random id of the entry; empty before the first. Another id at the same number is another history.
    pub(crate) entry: String,
}

impl Position {
    /// The place before the first entry.
    pub(crate) const fn start() -> Self {
        Self { number: 0, entry: String::new() }
    }
}

/// The values that all stores of one journal share and that no entry has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    /// The epoch before the first entry.
    pub(crate) epoch: Epoch,
    /// The secret of receipts: 64 hexadecimal digits.
    pub(crate) receipt_key: String,
    /// The key of streams: 64 hexadecimal digits.
    pub(crate) stream_key: String,
}

/// A commit without its jobs, which are each hub's own.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// The epoch and the number of the version that the store is at before the entry.
    behind: (Epoch, u32),
    at: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    writes: Vec<(String, String, Option<String>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<Epoch>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    records: Vec<RecordLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<EventLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<[String; 4]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    erase: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<[String; 2]>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordLine {
    sequence: u64,
    version: u32,
    payload: String,
    payload_hash: String,
    rows_hash: Option<String>,
    hash: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct EventLine {
    id: String,
    flag: String,
    feature: String,
    name: String,
    metadata: String,
}

/// The parts of an entry in the types of a commit.
struct Parts {
    writes: Vec<(RowKey, Option<String>)>,
    records: Vec<Record>,
    events: Vec<(String, Event)>,
}

/// The words that a rollout's log has for events.
const EVENTS: [&str; 3] = ["enabled", "disabled", "rollback"];

impl Entry {
    /// The entry of a commit at a version; `None` if the commit has jobs and retention alone.
    pub(crate) fn of(expected: Version, commit: &Commit<'_>, at: Millis) -> Option<Self> {
        let is_empty = commit.writes.is_empty()
            && commit.records.is_empty()
            && commit.events.is_empty()
            && commit.answer.is_none()
            && commit.erase.is_none()
            && commit.progress.is_none();
        if is_empty {
            return None;
        }
        let writes = commit.writes.iter().map(|(key, text)| (key.kind.as_str().to_owned(), key.name.clone(), text.clone()));
        let record = |record: &Record| RecordLine {
            sequence: record.link.sequence,
            version: record.link.version,
            payload: record.payload.clone(),
            payload_hash: record.hashes.payload.to_hex(),
            rows_hash: record.hashes.rows.map(Hash::to_hex),
            hash: record.hashes.chain.to_hex(),
        };
        let event = |(id, event): &(String, Event)| EventLine {
            id: id.clone(),
            flag: event.flag.clone(),
            feature: event.feature.clone(),
            name: event.name.to_owned(),
            metadata: event.metadata.clone(),
        };
        Some(Self {
            behind: (expected.epoch, expected.number),
            at: at.0,
            writes: writes.collect(),
            epoch: commit.epoch,
            records: commit.records.iter().map(record).collect(),
            events: commit.events.iter().map(event).collect(),
            answer: commit.answer.map(|answer| [answer.subject, answer.key, answer.request, answer.body].map(str::to_owned)),
            erase: commit.erase,
            progress: commit.progress.map(|progress| [progress.import, progress.text].map(str::to_owned)),
        })
    }

    /// Reads the text of an entry. A release that wrote other kinds of rows or events wrote an entry that this one does not take.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    pub(crate) fn text(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// The version that the store is at before the entry.
    pub(crate) const fn expected(&self) -> Version {
        let (epoch, number) = self.behind;
        Version { epoch, number }
    }

    /// The version that the store is at behind the entry.
    pub(crate) fn version(&self) -> Version {
        let (epoch, number) = self.behind;
        Version { epoch: self.epoch.unwrap_or(epoch), number: number + u32::from(!self.writes.is_empty()) }
    }

    pub(crate) const fn at(&self) -> Millis {
        Millis(self.at)
    }

    /// Returns true if the records of the entry, if it has any, follow the record with this number.
    pub(crate) fn is_behind(&self, sequence: u64) -> bool {
        self.records.first().is_none_or(|first| first.sequence == sequence + 1)
    }

    /// Returns true if the entry makes a version.
    pub(crate) fn has_writes(&self) -> bool {
        !self.writes.is_empty()
    }

    /// Returns true if the entry writes a row of one of these kinds.
    pub(crate) fn writes_any(&self, kinds: &[RowKind]) -> bool {
        self.writes.iter().any(|(kind, ..)| kinds.iter().any(|known| known.as_str() == kind))
    }

    /// The subject and the key of the answer that the entry keeps.
    pub(crate) fn answered(&self) -> Option<(&str, &str)> {
        self.answer.as_ref().map(|[subject, key, ..]| (subject.as_str(), key.as_str()))
    }

    /// Calls `take` with the commit of the entry and these jobs.
    pub(crate) fn with_commit<T>(&self, jobs: &[(JobKey, Option<Job>)], take: impl FnOnce(&Commit<'_>) -> Result<T>) -> Result<T> {
        let Parts { writes, records, events } = self.parts()?;
        let answer = self.answer.as_ref().map(|[subject, key, request, body]| Answer { subject, key, request, body });
        let progress = self.progress.as_ref().map(|[import, text]| Progress { import, text });
        take(&Commit {
            writes: &writes,
            epoch: self.epoch,
            records: &records,
            events: &events,
            answer,
            erase: self.erase,
            progress,
            jobs,
            ..Commit::default()
        })
    }

    fn parts(&self) -> Result<Parts> {
        let later = |what: &str| Error::RustError(format!("the journal has {what}, which a later release wrote"));
        let write = |(kind, name, text): &(String, String, Option<String>)| {
            let kind = RowKind::from_name(kind).ok_or_else(|| later(&format!("a row of the kind {kind:?}")))?;
            Ok((RowKey { kind, name: name.clone() }, text.clone()))
        };
        let hash = |text: &str| Hash::from_hex(text).ok_or_else(|| later("a hash of another form"));
        let record = |line: &RecordLine| {
            let hashes = Hashes {
                payload: hash(&line.payload_hash)?,
                rows: line.rows_hash.as_deref().map(hash).transpose()?,
                chain: hash(&line.hash)?,
            };
            Ok(Record { link: Link { sequence: line.sequence, version: line.version }, payload: line.payload.clone(), hashes })
        };
        let event = |line: &EventLine| {
            let name = EVENTS.into_iter().find(|name| *name == line.name).ok_or_else(|| later(&format!("an event {:?}", line.name)))?;
            let EventLine { flag, feature, metadata, .. } = line.clone();
            Ok((line.id.clone(), Event { flag, feature, name, metadata }))
        };
        Ok(Parts {
            writes: self.writes.iter().map(write).collect::<Result<_>>()?,
            records: self.records.iter().map(record).collect::<Result<_>>()?,
            events: self.events.iter().map(event).collect::<Result<_>>()?,
        })
    }
}

/// The entry that a store has decided and not taken yet: it is taken once it stands in the journal.
#[derive(Default)]
pub(crate) struct Outbox {
    is_on: Cell<bool>,
    entry: RefCell<Option<Entry>>,
}

impl Outbox {
    /// From now on the store's commits wait here.
    pub(crate) fn turn_on(&self) {
        self.is_on.set(true);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on.get()
    }

    /// Takes the entry that waits; `None` if none does.
    pub(crate) fn take(&self) -> Option<Entry> {
        self.entry.take()
    }

    /// Puts an entry here; refused while another one waits.
    pub(super) fn put(&self, entry: Entry) -> Result<Version, Conflict> {
        let mut held = self.entry.borrow_mut();
        if held.is_some() {
            return Err(Conflict);
        }
        let version = entry.version();
        *held = Some(entry);
        Ok(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_the_commit_that_it_was_made_of() {
        let expected: Version = "0a1b2c3d4e5f.7".parse().unwrap();
        let writes =
            [(RowKey::of(RowKind::Flag, "a\"b"), Some(r#"{"default":"on"}"#.to_owned())), (RowKey::of(RowKind::Customer, "c"), None)];
        let hashes = Hashes { payload: Hash::of(b"p"), rows: None, chain: Hash::of(b"c") };
        let records = [Record { link: Link { sequence: 3, version: 8 }, payload: r#"{"id":"x"}"#.to_owned(), hashes }];
        let event = Event { flag: "f".into(), feature: "g".into(), name: "rollback", metadata: "{}".into() };
        let events = [("id".to_owned(), event)];
        let answer = Some(Answer { subject: "ann", key: "k", request: "r", body: "b" });
        let progress = Some(Progress { import: "i", text: "{}" });
        let epoch = Some("ffffffffffff".parse().unwrap());
        let commit =
            Commit { writes: &writes, epoch, records: &records, events: &events, answer, erase: Some(2), progress, ..Commit::default() };
        let entry = Entry::of(expected, &commit, Millis(5)).unwrap();
        assert_eq!((entry.version().to_string().as_str(), entry.at()), ("ffffffffffff.8", Millis(5)));
        let read = Entry::parse(&entry.text().unwrap()).unwrap();
        assert_eq!(read, entry);
        read.with_commit(&[], |made| {
            assert_eq!((made.writes, made.records, made.events, made.erase), (&writes[..], &records[..], &events[..], Some(2)));
            assert_eq!((made.epoch, made.answer.unwrap().body, made.progress.unwrap().import), (epoch, "b", "i"));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_commit_of_jobs_and_retention_is_no_entry() {
        let jobs = [(JobKey { kind: "push".into(), payload: String::new() }, None)];
        let version: Version = "0a1b2c3d4e5f.7".parse().unwrap();
        assert_eq!(Entry::of(version, &Commit { jobs: &jobs, clock_ahead: Some(1), ..Commit::default() }, Millis(0)), None);
    }

    #[test]
    fn an_entry_with_a_kind_of_row_that_this_release_does_not_know_is_refused() {
        let text = r#"{"behind":["0a1b2c3d4e5f",7],"at":1,"writes":[["later","x","1"]]}"#;
        let refused = Entry::parse(text).unwrap().with_commit(&[], |_| Ok(())).unwrap_err();
        assert!(refused.to_string().contains("\"later\""), "{refused}");
    }

    #[test]
    fn one_entry_waits_at_a_time() {
        let text = r#"{"behind":["0a1b2c3d4e5f",7],"at":1,"writes":[["flag","x","1"]]}"#;
        let (outbox, entry) = (Outbox::default(), || Entry::parse(text).unwrap());
        assert_eq!(outbox.put(entry()).unwrap().number, 8);
        assert_eq!(outbox.put(entry()), Err(Conflict));
        assert!(outbox.take().is_some() && outbox.put(entry()).is_ok());
    }
}
