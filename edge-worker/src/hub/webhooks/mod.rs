//! Tells the targets of webhooks what changed.
//!
//! A commit writes a job for each target that wants one of its records, in its own transaction; no command waits for a target. The alarm
//! begins a run for the job: the run reads the trail behind the record that the target was told of last, sends one message after the
//! other, and stores each outcome before the next one, so that a crash repeats a message and loses none. Runs do not hold up the alarm,
//! nor each other.
pub(super) mod message;
pub(super) mod send;

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use control::{
    Command, NoticeKind, Webhook, WebhookCommand,
    change::Actor,
    rows::{RowKey, RowKind, Rows},
    webhooks,
};
use sdk_core::Millis;
use worker::{Env, Result, console_error};

use self::{
    message::{Message, Told},
    send::{Sent, send},
};
use super::{
    FlagHub,
    jobs::{after, delay},
};
use crate::{
    clock,
    problem::Problem,
    settings,
    store::{
        self, Commit, Conflict, Read, Store, Wanted,
        audit::Stored,
        jobs::{Job, JobKey},
        webhooks::{WebhookAttempt, WebhookProgress, WebhookWrite},
    },
    version::{Epoch, Version},
};

/// The kind of the jobs; the payload is the id of the webhook.
pub(super) const JOB: &str = "webhook";
/// The milliseconds from the beginning of an attempt to when the alarm begins another one, unless the first one ends before: longer than
/// a target may take to answer.
pub(super) const LEASE_MS: i64 = 15_000;
/// The milliseconds for which a run sends one message after the other; the alarm begins the next run at once.
const RUN_MS: i64 = 15_000;
/// The most records that are read at a time.
const SLICE: u32 = 100;
/// The milliseconds of failures after which the hub disables a webhook,
const PATIENCE_MS: i64 = 24 * 60 * 60 * 1_000;
/// and the fewest attempts: a hub that was away for a day has not tried.
const FEWEST_FAILURES: u32 = 10;
/// The status of a target that is gone for good.
const GONE: u16 = 410;

/// The writes of a commit by which targets will be told of its records.
#[derive(Default)]
pub(super) struct Behind {
    pub(super) jobs: Vec<(JobKey, Option<Job>)>,
    pub(super) webhooks: Vec<(String, WebhookWrite)>,
}

/// The writes by which the targets among these rows, those before a commit, will be told of its records. `before` is the number of the
/// record before them. The commit that disables or removes a webhook ends what its target is to be told, so that it misses what follows.
pub(super) fn behind(store: &impl Read, rows: &Rows, commit: &Commit<'_>, before: u64, at: Millis) -> Result<Behind> {
    let mut behind = Behind::default();
    let mut kinds: Option<Vec<NoticeKind>> = None;
    let mut pending: Option<Vec<(JobKey, Job)>> = None;
    for (id, write) in ends(commit) {
        behind.jobs.push((key(id), None));
        behind.webhooks.push((id.to_owned(), write));
    }
    for (id, _) in webhooks(rows).filter(|(id, webhook)| {
        let kinds = kinds.get_or_insert_with(|| commit.records.iter().filter_map(|record| kind_of(&record.payload)).collect());
        let is_told = webhook.terms.is_enabled && kinds.iter().any(|kind| webhook.terms.kinds.contains(kind));
        is_told && ends(commit).all(|(ended, _)| ended != *id)
    }) {
        behind.webhooks.push((id.to_owned(), WebhookWrite::Begin(before)));
        if pending.is_none() {
            pending = Some(jobs(store)?);
        }
        if pending.iter().flatten().all(|(key, _)| key.payload != id) {
            behind.jobs.push(job(id, at, 0));
        }
    }
    Ok(behind)
}

/// The webhooks that a commit disables or removes, each with the write by which it ends.
fn ends<'c>(commit: &Commit<'c>) -> impl Iterator<Item = (&'c str, WebhookWrite)> {
    commit.writes.iter().filter(|(key, _)| key.kind == RowKind::Webhook).filter_map(|(key, text)| {
        let write = match text.as_deref().map(Webhook::from_row) {
            Some(Some(webhook)) => (!webhook.terms.is_enabled).then_some(WebhookWrite::End)?,
            // A later release wrote it.
            Some(None) => return None,
            None => WebhookWrite::Forget,
        };
        Some((key.name.as_str(), write))
    })
}

fn kind_of(payload: &str) -> Option<NoticeKind> {
    #[derive(serde::Deserialize)]
    struct Payload {
        action: String,
    }
    serde_json::from_str(payload).ok().map(|Payload { action }| NoticeKind::of_action(&action))
}

/// The jobs of all webhooks.
pub(super) fn jobs(store: &impl Read) -> Result<Vec<(JobKey, Job)>> {
    store.jobs(Some(&[JOB]), 1_000)
}

fn key(id: &str) -> JobKey {
    JobKey { kind: JOB.to_owned(), payload: id.to_owned() }
}

fn job(id: &str, due: Millis, failures: u32) -> (JobKey, Option<Job>) {
    (key(id), Some(Job { due, failures, error: None }))
}

/// The hub's memory of the deliveries.
#[derive(Clone, Default)]
pub(super) struct Deliveries(Rc<State>);

#[derive(Default)]
struct State {
    /// The webhooks whose targets are being told.
    under_way: RefCell<BTreeSet<String>>,
    /// The version for whose jobs the alarm was set.
    looked: std::cell::Cell<Option<Version>>,
}

/// A run that is under way; ended when it is dropped.
struct UnderWay(Rc<State>, String);

impl UnderWay {
    /// Begins a run; `None` if one is under way already.
    fn begin(deliveries: &Deliveries, id: &str) -> Option<Self> {
        deliveries.0.under_way.borrow_mut().insert(id.to_owned()).then(|| Self(Rc::clone(&deliveries.0), id.to_owned()))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.borrow_mut().remove(&self.1);
    }
}

/// A webhook whose target is to be told of a record.
struct Delivery {
    webhook: Webhook,
    /// The webhook's progress before it.
    progress: WebhookProgress,
    record: u64,
    told: Told,
    message: Message,
}

/// The next delivery of a webhook. `None` if there is none: then the job is done, and what is not wanted was stored as told.
fn next(store: &impl Store, id: &str, environment: Option<&str>, now: Millis) -> Result<Option<Delivery>, Problem> {
    let Some(webhook) = enabled(store, id, now)? else { return Ok(None) };
    let Some(mut progress) = store.webhook_progress(id)? else {
        put(store, &[(key(id), None)], &[], now)?;
        return Ok(None);
    };
    let first = progress.behind;
    loop {
        let records = store.records(progress.behind, SLICE)?;
        let Some(last) = records.last().map(|record| record.link.sequence) else { break };
        if let Some((record, told)) = records.iter().find_map(|record| wanted(&webhook, record)) {
            let message = Message::of(&webhook, record, &told, environment)?;
            return Ok(Some(Delivery { webhook, progress, record: record.link.sequence, told, message }));
        }
        progress.behind = last;
    }
    let moved = (progress.behind > first).then(|| (id.to_owned(), WebhookWrite::Progress(progress)));
    put(store, &[(key(id), None)], moved.as_slice(), now)?;
    Ok(None)
}

/// The webhook, if something is delivered to its target. Of another one the job ends, and the progress; of one that was removed everything.
fn enabled(store: &impl Store, id: &str, now: Millis) -> Result<Option<Webhook>, Problem> {
    let rows = store.rows(Wanted::Keys(&[RowKey::of(RowKind::Webhook, id)]))?;
    let found = webhooks(&rows).next().map(|(_, webhook)| webhook);
    let write = match &found {
        Some(webhook) if webhook.terms.is_enabled => return Ok(found),
        Some(_) => WebhookWrite::End,
        None => WebhookWrite::Forget,
    };
    put(store, &[(key(id), None)], &[(id.to_owned(), write)], now)?;
    Ok(None)
}

fn wanted<'r>(webhook: &Webhook, record: &'r Stored) -> Option<(&'r Stored, Told)> {
    let told = Told::of(record)?;
    webhook.terms.kinds.contains(&told.kind()).then_some((record, told))
}

/// Stores the outcome of a delivery. Returns true if the run goes on.
fn settle(
    store: &impl Store,
    id: &str,
    delivery: Delivery,
    sent: Sent,
    failures: u32,
    began: Millis,
    now: Millis,
) -> Result<bool, Problem> {
    let Delivery { progress, record, told, .. } = delivery;
    let Sent { status, error, milliseconds } = sent;
    let is_told = error.is_none();
    let next = if is_told {
        WebhookProgress { behind: record, failing_since: None, is_gone: false }
    } else {
        WebhookProgress { failing_since: progress.failing_since.or(Some(began)), is_gone: status == Some(GONE), ..progress }
    };
    let attempt = WebhookAttempt { record, record_id: told.id, action: told.action, at: began, milliseconds, status, error: error.clone() };
    // An operator may have disabled or removed the webhook while the target answered, and enabled it again: what began then stays.
    if store.webhook_progress(id)?.is_none_or(|begun| begun.behind > record) {
        let is_there = webhooks(&store.rows(Wanted::Keys(&[RowKey::of(RowKind::Webhook, id)]))?).next().is_some();
        let attempt = is_there.then(|| (id.to_owned(), WebhookWrite::Attempt(attempt)));
        put(store, &[], attempt.as_slice(), now)?;
        return Ok(true);
    }
    let due = match (is_told, next.is_gone) {
        (true, _) => after(now, LEASE_MS),
        (false, true) => now,
        (false, false) => after(now, delay(failures)),
    };
    let job = Job { due, failures: if is_told { 0 } else { failures }, error };
    let webhooks = [(id.to_owned(), WebhookWrite::Progress(next)), (id.to_owned(), WebhookWrite::Attempt(attempt))];
    put(store, &[(key(id), Some(job))], &webhooks, now)?;
    Ok(is_told)
}

/// Returns true if the hub gives a target up.
fn is_spent(progress: WebhookProgress, failures: u32, now: Millis) -> bool {
    let is_late = progress.failing_since.is_some_and(|since| now.0.saturating_sub(since.0) >= PATIENCE_MS);
    progress.is_gone || is_late && failures > FEWEST_FAILURES
}

fn put(store: &impl Store, jobs: &[(JobKey, Option<Job>)], webhooks: &[(String, WebhookWrite)], now: Millis) -> Result<(), Problem> {
    let commit = Commit { jobs, webhooks, ..Commit::default() };
    // The hub is the only writer, and does not wait between the read and the commit.
    store.commit(store.newest()?, &commit, now)?.map_err(|Conflict| Problem::conflict())?;
    Ok(())
}

/// Tells a target of one record after the other.
struct Run<S> {
    env: Env,
    store: S,
    id: String,
    /// The epoch in which the run began. In another one the store was replaced.
    epoch: Epoch,
    environment: Option<String>,
    /// The failures since a delivery last succeeded, with this one.
    failures: u32,
    has_test_clock: bool,
}

impl<S: Store> Run<S> {
    async fn carry_out(mut self) -> Result<(), Problem> {
        let until = after(clock::now(), RUN_MS);
        while self.store.newest()?.epoch == self.epoch {
            let began = self.now()?;
            let Some(delivery) = next(&self.store, &self.id, self.environment.as_deref(), began)? else { break };
            let sent = send(&self.env, &delivery.webhook, &delivery.message).await;
            if self.store.newest()?.epoch != self.epoch
                || !settle(&self.store, &self.id, delivery, sent, self.failures, began, self.now()?)?
            {
                break;
            }
            self.failures = 1;
            if clock::now() >= until {
                return put(&self.store, &[job(&self.id, self.now()?, 0)], &[], self.now()?);
            }
        }
        Ok(())
    }

    /// The time of jobs.
    fn now(&self) -> Result<Millis, Problem> {
        let ahead = if self.has_test_clock { self.store.clock_ahead()? } else { 0 };
        Ok(after(clock::now(), ahead))
    }
}

impl FlagHub {
    /// Sets the alarm for the jobs of a commit. Nothing waits for targets.
    pub(super) fn begin_deliveries(&self) {
        if self.restoring.get() {
            return;
        }
        let set = || -> Result<(), Problem> {
            let newest = self.store.newest()?;
            if self.deliveries.0.looked.replace(Some(newest)) != Some(newest) && !jobs(&self.store)?.is_empty() {
                self.arm()?;
            }
            Ok(())
        };
        if let Err(problem) = set() {
            console_error!("the alarm for webhooks was not set: {}", problem.why());
        }
    }

    /// Begins to tell the target of a job, or disables its webhook. `failures` is the number since it last succeeded, with this attempt.
    pub(super) fn deliver(&self, id: &str, failures: u32, now: Millis) -> Result<(), Problem> {
        let Some(under_way) = UnderWay::begin(&self.deliveries, id) else { return Ok(()) };
        if enabled(&self.store, id, now)?.is_none() {
            return Ok(());
        }
        if self.store.webhook_progress(id)?.is_some_and(|progress| is_spent(progress, failures, now)) {
            return self.give_up(id, now);
        }
        let run = Run {
            env: self.env.clone(),
            store: store::open(&self.state),
            id: id.to_owned(),
            epoch: self.store.newest()?.epoch,
            environment: self.environment()?,
            failures,
            has_test_clock: settings::of(&self.env)?.has_test_clock,
        };
        let (alarm, store) = (self.alarm_of()?, store::open(&self.state));
        self.state.wait_until(async move {
            if let Err(problem) = run.carry_out().await {
                // The job is there still, and due when the attempt must have ended.
                console_error!("a target of a webhook was not told: {}", problem.why());
            }
            drop(under_way);
            if let Err(error) = alarm.arm(&store) {
                console_error!("the alarm was not set after a delivery: {error}");
            }
        });
        Ok(())
    }

    /// Disables a webhook whose target has taken nothing for too long, or is gone.
    fn give_up(&self, id: &str, now: Millis) -> Result<(), Problem> {
        let last = self.store.webhook_attempts(id, 1)?.pop().and_then(|attempt| attempt.error).unwrap_or_default();
        let since = self.store.webhook_progress(id)?.and_then(|progress| progress.failing_since).unwrap_or(now);
        let reason = format!("no delivery has succeeded since {}: {last}", since.to_rfc3339());
        let log = serde_json::json!({ "event": "webhook_disabled", "level": "error", "webhook": id, "reason": reason });
        console_error!("{log}");
        self.execute(&Actor::system(reason, now), &Command::Webhook(WebhookCommand::Disable { id: id.to_owned() }))?;
        enabled(&self.store, id, now).map(drop)
    }
}

#[cfg(test)]
mod tests;
