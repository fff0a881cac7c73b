//! Writes the outcome of a command: its rows, its records and its answer, in one transaction.
use control::{
    CommandOutcome,
    change::{Actor, Hash, Record, RowsHasher},
    rows::RowKey,
};
use sdk_core::Millis;

use super::ground::{Ground, GroundCache};
use crate::{
    problem::Problem,
    store::{Answer, Commit, Conflict, Progress, Store, audit::Head},
    version::{Epoch, Version},
};

/// The version and the records that a command wrote.
pub(super) struct Written {
    /// The version that the command made, or the present one if it changed nothing.
    pub(super) version: Version,
    pub(super) records: Vec<Record>,
}

/// Seals the records of a command behind the newest one, writes everything, and keeps the ground of the new version. `body` makes the
/// answer, which is stored for a client that sends the same request again. The progress of an import is written with its slice.
pub(super) fn write(
    store: &impl Store,
    kept: &GroundCache,
    ground: &Ground,
    outcome: CommandOutcome,
    by: &Actor,
    Beside { again, progress }: Beside<'_>,
    body: impl FnOnce(&Written, &CommandOutcome) -> Result<String, Problem>,
) -> Result<(Written, CommandOutcome, String), Problem> {
    let is_change = !outcome.writes.is_empty();
    let Version { epoch, number } = ground.version;
    let random = |error: getrandom::Error| worker::Error::RustError(error.to_string());
    let new_epoch = outcome.renews_epoch.then(Epoch::random).transpose().map_err(random)?;
    let number = if is_change { number.checked_add(1).ok_or_else(|| Problem::full("no version is left"))? } else { number };
    let version = Version { epoch: new_epoch.unwrap_or(epoch), number };
    let Head { chain: mut before, mut link, made } = ground.head;
    link.version = number;
    // Versions must be in the order of their times: if the clock steps back, a version gets the time of the one before it.
    let at = by.at.max(made);
    let rows = rows_hash(&outcome.writes, at);
    let mut records = Vec::with_capacity(outcome.changes.len());
    for change in &outcome.changes {
        link.sequence += 1;
        let record = Record::seal(change, by, link, &uuid()?, rows, before);
        before = record.hashes.chain;
        records.push(record);
    }
    let events = outcome.events.iter().map(|event| Ok((uuid()?, event.clone()))).collect::<Result<Vec<_>, Problem>>()?;
    let written = Written { version, records };
    let body = body(&written, &outcome)?;
    let answer = again.map(|RepeatableRequest { subject, key, request }| Answer { subject, key, request, body: &body });
    if is_change || answer.is_some() || progress.is_some() {
        let (writes, records) = (&outcome.writes, &written.records);
        let commit = Commit { writes, epoch: new_epoch, records, events: &events, answer, progress, ..Commit::default() };
        store.commit(ground.version, &commit, at)?.map_err(|Conflict| Problem::conflict())?;
    }
    if is_change {
        kept.advance(ground, version, Head { chain: before, link, made: at }, &outcome)?;
    }
    Ok((written, outcome, body))
}

/// The hash that the records of these writes commit to.
fn rows_hash(writes: &[(RowKey, Option<String>)], made: Millis) -> Hash {
    let mut writes: Vec<_> = writes.iter().map(|(key, text)| (key.kind.as_str(), key, text)).collect();
    writes.sort_unstable_by_key(|(kind, key, _)| (*kind, &key.name));
    let row =
        |hasher: RowsHasher, (kind, key, text): (&str, &RowKey, &Option<String>)| hasher.row(kind, &key.name, key.page(), text.as_deref());
    writes.into_iter().fold(RowsHasher::new(made), row).finish()
}

/// What is committed with the rows and the records of a command.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    /// The request, if its answer is kept for a client that sends it again.
    pub(super) again: Option<RepeatableRequest<'a>>,
    /// How far an import of overrides has come with these rows.
    pub(super) progress: Option<Progress<'a>>,
}

/// A request that may be sent again.
#[derive(Clone, Copy)]
pub(super) struct RepeatableRequest<'a> {
    pub(super) subject: &'a str,
    pub(super) key: &'a str,
    pub(super) request: &'a str,
}

/// A random UUID (RFC 9562, version 4).
pub(super) fn uuid() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(error.to_string()))?;
    let number = u128::from_be_bytes(bytes) & !(0xf000 << 64) & !(0xc000 << 48) | 0x4000 << 64 | 0x8000 << 48;
    let hex = format!("{number:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex.get(part).unwrap_or_default());
    Ok(parts.join("-"))
}
