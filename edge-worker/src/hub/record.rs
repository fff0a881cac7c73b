//! Writes the outcome of a command: its rows, its records and its answer, in one transaction.
use std::{collections::BTreeMap, rc::Rc};

use control::{
    CommandOutcome,
    change::{Actor, Hash, Record, RowsHasher},
    rows::RowKey,
};
use sdk_core::Millis;
use serde_json::value::RawValue;

use super::{
    FlagHub, environment_state,
    ground::{Ground, GroundCache},
    push, schedules,
    webhooks::{self, Behind},
};
use crate::{
    problem::Problem,
    store::{
        Answer, Commit, Conflict, Progress, Store,
        audit::Head,
        jobs::{Job, JobKey},
    },
    version::{Epoch, Version},
};

/// The version and the records that a command wrote.
pub(super) struct Written {
    /// The version that the command made, or the present one if it changed nothing.
    pub(super) version: Version,
    pub(super) records: Vec<Record>,
}

/// The longest answer in bytes that is kept for a client that sends the same request again.
const MOST_KEPT: usize = 64_000;
/// The longest member in bytes of an answer that is kept shortened.
const MOST_OF_MEMBER: usize = 1_000;

/// Seals the records of a command behind the newest one, writes everything, and keeps the ground of the new version. `body` makes the
/// answer, which is stored for a client that sends the same request again; in the place of a long one stands where its changes are. The
/// progress of an import is written with its slice.
pub(super) fn write(
    store: &impl Store,
    kept: &GroundCache,
    ground: Rc<Ground>,
    outcome: CommandOutcome,
    by: &Actor,
    beside: Beside<'_>,
    body: impl FnOnce(&Written, &CommandOutcome) -> Result<String, Problem>,
) -> Result<(Written, CommandOutcome, String), Problem> {
    write_all(store, kept, ground, outcome, by, beside, Box::new(body))
}

/// Makes the answer to a command of what was written.
type Body<'b> = Box<dyn FnOnce(&Written, &CommandOutcome) -> Result<String, Problem> + 'b>;

/// [`write`] with a boxed body, so that the worker has this once and not once for each kind of answer.
fn write_all(
    store: &impl Store,
    kept: &GroundCache,
    ground: Rc<Ground>,
    mut outcome: CommandOutcome,
    by: &Actor,
    Beside { again, progress }: Beside<'_>,
    body: Body<'_>,
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
    let kept_body = if again.is_some() && body.len() > MOST_KEPT { &shortened(&body, version)? } else { &body };
    let answer = again.map(|RepeatableRequest { subject, key, request }| Answer { subject, key, request, body: kept_body });
    if is_change || answer.is_some() || progress.is_some() {
        let (writes, records) = (&outcome.writes, &written.records);
        let push = if is_change { push::job_behind(store, ground.version, at)? } else { None };
        let told = Commit { writes, records, ..Commit::default() };
        let Behind { mut jobs, webhooks } = webhooks::behind(store, &ground.rows, &told, ground.head.link.sequence, at)?;
        jobs.extend(push);
        jobs.extend(jobs_of_rows(writes));
        if new_epoch.is_some() {
            // The store may have been put back to before one was closed or opened.
            jobs.extend(environment_state::jobs_of_registered(&ground.rows));
        }
        let (jobs, webhooks) = (jobs.as_slice(), webhooks.as_slice());
        let commit = Commit { writes, epoch: new_epoch, records, events: &events, answer, progress, jobs, webhooks, ..Commit::default() };
        store.commit(ground.version, &commit, at)?.map_err(|Conflict| Problem::conflict())?;
    }
    if is_change {
        kept.advance(ground, version, Head { chain: before, link, made: at }, &mut outcome)?;
    }
    Ok((written, outcome, body))
}

/// The jobs that come and go with these rows, in every hub that takes them.
pub(super) fn jobs_of_rows(writes: &[(RowKey, Option<String>)]) -> Vec<(JobKey, Option<Job>)> {
    let mut jobs = schedules::jobs_of(writes);
    jobs.extend(environment_state::jobs_of(writes.iter().map(|(key, _)| key)));
    jobs
}

impl FlagHub {
    /// Adds a record that makes no version, with what is committed beside it.
    pub(super) fn add(&self, record: Record, version: Version, beside: Commit<'_>, at: Millis) -> Result<(), Problem> {
        let ground = self.ground()?;
        let (records, before) = ([record], ground.head.link.sequence);
        let told = Commit { records: &records, ..beside };
        let Behind { jobs, webhooks } = webhooks::behind(&self.store, &ground.rows, &told, before, at)?;
        let commit = Commit { jobs: &jobs, webhooks: &webhooks, ..told };
        self.store.commit(version, &commit, at)?.map_err(|Conflict| Problem::conflict())?;
        // The ground has the newest record, and no version tells that there is a newer one.
        self.ground.forget();
        // Nor does one tell that the alarm must be set.
        self.arm()
    }
}

/// The kept form of a long answer: its short members, and where the trail lists the changes. Long lists are empty and other long members
/// are not there, so that the answer is still one to the request.
fn shortened(body: &str, version: Version) -> Result<String, Problem> {
    let raw = |json: String| RawValue::from_string(json).map_err(worker::Error::from);
    let mut members: BTreeMap<&str, Box<RawValue>> = serde_json::from_str(body).map_err(worker::Error::from)?;
    members.retain(|_, value| value.get().len() <= MOST_OF_MEMBER || value.get().starts_with('['));
    for value in members.values_mut().filter(|value| value.get().len() > MOST_OF_MEMBER) {
        *value = raw("[]".to_owned())?;
    }
    members.insert("replayed", raw("true".to_owned())?);
    members.insert("changesAt", raw(format!(r#""/api/admin/changes?version={}""#, version.number))?);
    Ok(serde_json::to_string(&members).map_err(worker::Error::from)?)
}

/// The hash that the records of these writes commit to.
fn rows_hash(writes: &[(RowKey, Option<String>)], made: Millis) -> Hash {
    let mut writes: Vec<_> = writes.iter().map(|(key, text)| (key.kind.as_str(), key, text)).collect();
    writes.sort_unstable_by_key(|(kind, key, _)| (*kind, &key.name));
    let row =
        |hasher: RowsHasher, (kind, key, text): (&str, &RowKey, &Option<String>)| hasher.row(kind, &key.name, key.page(), text.as_deref());
    writes.into_iter().fold(RowsHasher::new(made), row).finish()
}

/// The data that is committed with the rows and the records of a command.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    /// The request, if its answer is kept for a client that sends it again.
    pub(super) again: Option<RepeatableRequest<'a>>,
    /// The progress of an import of overrides with these rows.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_kept_without_its_long_members() {
        let list = format!("[{}]", vec!["1"; 40_000].join(","));
        let body = format!(r#"{{"changed":true,"changes":{list},"feature":{{"lists":{list}}},"success":true,"version":7,"warnings":[]}}"#);
        let kept = shortened(&body, "0a1b2c3d4e5f.7".parse().unwrap()).unwrap();
        let expected = r#"{"changed":true,"changes":[],"changesAt":"/api/admin/changes?version=7","replayed":true,"success":true,"version":7,"warnings":[]}"#;
        assert_eq!(kept, expected);
    }
}
