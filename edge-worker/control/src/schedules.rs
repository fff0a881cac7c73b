//! Schedules: commands that the hub carries out at a later moment, by the right of the operator who scheduled them.
//!
//! A pending schedule is a row beside the documents. The version that carries its command out, or records why that was refused, also
//! removes the row, so that a crash neither loses a schedule nor repeats one.
use alloc::{
    borrow::ToOwned as _,
    boxed::Box,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{
    Millis,
    json::{Object, canonical::write_string},
};
use serde::{Deserialize, Serialize};

use crate::{
    Command, CommandOutcome, CurrentState, Field, KeyCommand, KeyKind, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Actor, Change, TOKEN_PREFIX, text},
    command::check_id,
    keys,
    rows::{RowKey, RowKind, Rows},
    spelled,
};

/// The most schedules that may be pending at once.
pub const MAX_SCHEDULES: usize = 500;
/// The most schedules that one command adds.
pub const MAX_STEPS: usize = 50;
/// The longest command to schedule, as JSON in bytes.
const MAX_COMMAND: usize = 16_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The latest moment to schedule a command for, in milliseconds from now.
const MAX_AHEAD_MS: i64 = 366 * DAY_MS;
/// The longest time for which a schedule waits for its gate, in milliseconds.
const MAX_WAIT_MS: i64 = 31 * DAY_MS;

/// A command on schedules.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ScheduleCommand {
    /// Adds schedules, all of them or none.
    Add {
        /// The schedules to add, 1 to [`MAX_STEPS`].
        steps: Vec<ScheduledStep>,
    },
    /// Cancels a pending schedule.
    Cancel {
        /// The id of the schedule.
        id: String,
    },
}

/// A command with the moment at which it is due.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScheduledStep {
    /// The id of the schedule, which the caller drew.
    pub id: String,
    /// The moment at which the command is due.
    #[serde(with = "spelled")]
    pub at: Millis,
    /// The moment until which a command whose gate is closed, or whose tier has to last longer, is tried again; `None` if it is tried once.
    #[serde(default, with = "spelled::option", skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// The command.
    pub command: Box<Command>,
}

/// A pending schedule as its row holds it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The command with its moments.
    #[serde(flatten)]
    pub step: ScheduledStep,
    /// The key of the flag that the command is about; `None` for another command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// The subject of the operator who scheduled the command.
    pub subject: String,
    /// The role by which the operator did so.
    pub role: String,
    /// The person for whom the operator said they acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// The reason that the operator gave.
    pub reason: String,
    /// The id of the API token by which the command was scheduled; `None` for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The moment at which the command was scheduled.
    #[serde(with = "spelled")]
    pub created_at: Millis,
}

impl Schedule {
    /// The schedule in a row; `None` if this release cannot read it.
    pub fn from_row(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The actor of the command at this moment: the operator who scheduled it.
    pub fn actor(&self, at: Millis) -> Actor {
        let Self { subject, role, on_behalf_of, reason, .. } = self.clone();
        Actor { subject, role, on_behalf_of, reason, at }
    }

    /// The reason why the operator's right ended since; `None` if it holds. The role of a person is the one at the time of scheduling.
    pub fn obstacle(&self, rows: &Rows, now: Millis) -> Option<String> {
        let id = self.token.as_deref()?;
        let holds =
            keys(rows).any(|(known, key)| known == id && key.holds(now) && key.terms.role.is_some_and(|role| role.as_str() == self.role));
        (!holds).then(|| format!("the API token {:?}, by which this was scheduled, was revoked or has expired", self.subject))
    }

    /// The schedule for the trail, as JSON.
    fn described(&self) -> String {
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        write_string(object.member("at"), &self.step.at.to_rfc3339());
        object.member("command").push_str(&serde_json::to_string(&self.step.command).unwrap_or_default());
        write_string(object.member("id"), &self.step.id);
        text(&mut object, "until", self.step.until.map(Millis::to_rfc3339).as_deref());
        object.close();
        out
    }
}

/// The pending schedules in these rows, ordered by id.
pub fn schedules(rows: &Rows) -> impl Iterator<Item = Schedule> {
    rows.of(RowKind::Schedule).filter_map(|(_, text)| Schedule::from_row(text))
}

/// The outcome of a scheduled command together with the end of its schedule. A command that changes nothing leaves a record too.
#[must_use]
pub fn ran(mut outcome: CommandOutcome, schedule: &Schedule) -> CommandOutcome {
    if outcome.changes.is_empty() {
        outcome.changes.push(Change { flag: schedule.flag.clone(), old: Some(schedule.described()), ..Change::new(Action::ScheduleIdle) });
    }
    ended(outcome, &schedule.step.id)
}

/// The outcome of a schedule whose command was refused: the end of the schedule and the reason, a code and a sentence.
#[must_use]
pub fn refused(schedule: &Schedule, (code, detail): (&str, &str)) -> CommandOutcome {
    let mut new = String::new();
    let mut object = Object::open(&mut new);
    write_string(object.member("code"), code);
    write_string(object.member("detail"), detail);
    object.close();
    let (flag, old) = (schedule.flag.clone(), Some(schedule.described()));
    let change = Change { flag, old, new: Some(new), ..Change::new(Action::ScheduleRefused) };
    ended(CommandOutcome { changes: [change].into(), ..CommandOutcome::default() }, &schedule.step.id)
}

fn ended(mut outcome: CommandOutcome, id: &str) -> CommandOutcome {
    for change in &mut outcome.changes {
        change.schedule = Some(id.to_owned());
    }
    outcome.writes.push((RowKey::of(RowKind::Schedule, id), None));
    outcome
}

/// Carries out a command on schedules.
pub(crate) fn carry_out(current: CurrentState<'_>, order: &ScheduleCommand, actor: &Actor) -> Result<CommandOutcome, Refusal> {
    match order {
        ScheduleCommand::Add { steps } => add(current, steps, actor),
        ScheduleCommand::Cancel { id } => cancel(current, id),
    }
}

fn add(current: CurrentState<'_>, steps: &[ScheduledStep], actor: &Actor) -> Result<CommandOutcome, Refusal> {
    if steps.is_empty() || steps.len() > MAX_STEPS {
        return Err(Refusal::invalid(Field::Steps, format!("expected 1 to {MAX_STEPS} steps")));
    }
    if current.rows.of(RowKind::Schedule).count() + steps.len() > MAX_SCHEDULES {
        return Err(Refusal::invalid(Field::Steps, format!("at most {MAX_SCHEDULES} schedules may be pending; cancel some first")));
    }
    let token = token_of(current.rows, actor);
    let mut outcome = CommandOutcome::default();
    for (index, step) in steps.iter().enumerate() {
        let at = |below: &str| RefusalPlace::Field { field: Field::Steps, below: format!("/{index}{below}") };
        check(step, actor.at, &at)?;
        let flag = flag_of(current, &step.command)?;
        let schedule = Schedule {
            step: step.clone(),
            flag,
            subject: actor.subject.clone(),
            role: actor.role.clone(),
            on_behalf_of: actor.on_behalf_of.clone(),
            reason: actor.reason.clone(),
            token: token.clone(),
            created_at: actor.at,
        };
        let text = serde_json::to_string(&schedule).map_err(|error| Refusal::invalid(at("/command"), error.to_string()))?;
        outcome.writes.push((RowKey::of(RowKind::Schedule, &step.id), Some(text)));
        let (flag, id) = (schedule.flag.clone(), Some(step.id.clone()));
        outcome.changes.push(Change { flag, schedule: id, new: Some(schedule.described()), ..Change::new(Action::ScheduleAdded) });
    }
    Ok(outcome)
}

fn cancel(current: CurrentState<'_>, id: &str) -> Result<CommandOutcome, Refusal> {
    let key = RowKey::of(RowKind::Schedule, id);
    let Some(text) = current.rows.text(&key) else {
        return Err(Refusal::new(RefusalKind::ScheduleNotFound, RefusalPlace::Command, "no pending schedule has this id"));
    };
    let schedule = Schedule::from_row(text);
    let (flag, old) = schedule.map_or((None, None), |schedule| (schedule.flag.clone(), Some(schedule.described())));
    let change = Change { flag, old, schedule: Some(id.to_owned()), ..Change::new(Action::ScheduleCancelled) };
    Ok(CommandOutcome { writes: [(key, None)].into(), changes: [change].into(), ..CommandOutcome::default() })
}

/// Refuses a step whose moments or whose command cannot be kept.
fn check(step: &ScheduledStep, now: Millis, at: &dyn Fn(&str) -> RefusalPlace) -> Result<(), Refusal> {
    check_id(&step.id, at("/id"))?;
    if !(1..=MAX_AHEAD_MS).contains(&step.at.0.saturating_sub(now.0)) {
        return Err(Refusal::invalid(at("/at"), "expected a moment from now on, at most 366 days ahead"));
    }
    if step.until.is_some_and(|until| !(0..=MAX_WAIT_MS).contains(&until.0.saturating_sub(step.at.0))) {
        return Err(Refusal::invalid(at("/until"), "expected a moment that is not before at, and at most 31 days behind it"));
    }
    if !is_schedulable(&step.command) {
        return Err(Refusal::invalid(at("/command"), "this command is carried out at once or not at all"));
    }
    let length = serde_json::to_string(&step.command).map_or(usize::MAX, |text| text.len());
    if length > MAX_COMMAND {
        return Err(Refusal::invalid(at("/command"), format!("expected a command of at most {MAX_COMMAND} bytes")));
    }
    Ok(())
}

/// Returns true for commands that can wait: they answer no secret, and are decided by what the hub itself holds.
fn is_schedulable(command: &Command) -> bool {
    match command {
        Command::Override { .. }
        | Command::Clear { .. }
        | Command::Kill { .. }
        | Command::Revive { .. }
        | Command::Rollout { .. }
        | Command::Assign { .. }
        | Command::Define(_)
        | Command::Revert(_)
        | Command::Import { .. }
        | Command::Key(KeyCommand::Revoke { .. }) => true,
        Command::Key(KeyCommand::Create { .. } | KeyCommand::Rotate { .. })
        | Command::CreateEnvironment { .. }
        | Command::RemoveEnvironment { .. }
        | Command::RenewEpoch {}
        | Command::Copy(_)
        | Command::Schedule(_) => false,
    }
}

/// The key of the flag that a command is about.
fn flag_of(current: CurrentState<'_>, command: &Command) -> Result<Option<String>, Refusal> {
    match command {
        Command::Kill { flag } | Command::Revive { flag } | Command::Rollout { flag, .. } => Ok(Some(current.flag(flag)?.to_owned())),
        _ => Ok(None),
    }
}

/// The id of the API token that the actor presented. At most one valid token has a name.
fn token_of(rows: &Rows, actor: &Actor) -> Option<String> {
    let name = actor.subject.strip_prefix(TOKEN_PREFIX)?;
    let is_it = |key: &crate::Key| key.terms.kind == KeyKind::Api && key.terms.label == name && key.holds(actor.at);
    keys(rows).find(|(_, key)| is_it(key)).map(|(id, _)| id.to_owned())
}
