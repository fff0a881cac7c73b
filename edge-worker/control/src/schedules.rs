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
    Command, CommandOutcome, CurrentState, EnvironmentName, Field, KeyCommand, KeyKind, Refusal, RefusalKind, RefusalPlace,
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
    /// The name under which the environment was registered; `None` for the first one, which cannot be closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
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

/// The end of a schedule behind the restore of a backup; `None` if it goes on: the backup is the environment's own, and the moment is to come.
pub(crate) fn settled(schedule: &Schedule, is_other: bool, now: Millis) -> Option<CommandOutcome> {
    if is_other {
        Some(refused(schedule, ("OTHER_ENVIRONMENT", "the backup of another environment was restored")))
    } else if schedule.step.at <= now {
        Some(refused(schedule, ("RESTORED", "the moment passed before the backup was restored")))
    } else {
        None
    }
}

fn ended(mut outcome: CommandOutcome, id: &str) -> CommandOutcome {
    for change in &mut outcome.changes {
        change.schedule = Some(id.to_owned());
    }
    outcome.writes.push((RowKey::of(RowKind::Schedule, id), None));
    outcome
}

/// Carries out a command on schedules.
pub(crate) fn carry_out(
    current: CurrentState<'_>,
    order: &ScheduleCommand,
    environment: Option<&EnvironmentName>,
    actor: &Actor,
) -> Result<CommandOutcome, Refusal> {
    match order {
        ScheduleCommand::Add { steps } => add(current, steps, environment, actor),
        ScheduleCommand::Cancel { id } => cancel(current, id),
    }
}

fn add(
    current: CurrentState<'_>,
    steps: &[ScheduledStep],
    environment: Option<&EnvironmentName>,
    actor: &Actor,
) -> Result<CommandOutcome, Refusal> {
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
        let row = RowKey::of(RowKind::Schedule, &step.id);
        if current.rows.text(&row).is_some() || outcome.writes.iter().any(|(key, _)| *key == row) {
            return Err(Refusal::invalid(at("/id"), "another pending schedule has this id"));
        }
        let flag = flag_of(current, &step.command)?;
        let schedule = Schedule {
            step: step.clone(),
            flag,
            subject: actor.subject.clone(),
            role: actor.role.clone(),
            on_behalf_of: actor.on_behalf_of.clone(),
            reason: actor.reason.clone(),
            token: token.clone(),
            environment: environment.map(|name| name.as_str().to_owned()),
            created_at: actor.at,
        };
        let text = serde_json::to_string(&schedule).map_err(|error| Refusal::invalid(at("/command"), error.to_string()))?;
        outcome.writes.push((row, Some(text)));
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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::{Allowed, BeforeRestore, KeyIdentity, KeyTerms, Supplies, TokenRole, apply, execute, settle};
    use sdk_core::Compiler;

    const NOW: Millis = Millis(1_000);

    fn by(subject: &str) -> Actor {
        Actor { subject: subject.into(), role: "operator".into(), reason: "as planned".into(), ..Actor::system("", NOW) }
    }

    fn kill(id: &str, at: i64) -> ScheduledStep {
        ScheduledStep { id: id.into(), at: Millis(at), until: None, command: Command::Kill { flag: "a".into() }.into() }
    }

    /// A hub with the flag `a` and these rows.
    struct Hub {
        rows: Rows,
        compiler: Compiler,
    }

    impl Hub {
        fn new() -> Self {
            let mut hub = Self { rows: Rows::default(), compiler: Compiler::new() };
            let document = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"a":{}}}"#.into();
            let import = Command::Import { document, state: crate::rows::State::Keep, allowed: Allowed::default() };
            hub.run(&import, &by("ann")).unwrap();
            hub
        }

        fn run(&mut self, command: &Command, actor: &Actor) -> Result<CommandOutcome, Refusal> {
            let ruleset = crate::compile_rows(&self.rows, &mut self.compiler).unwrap().ruleset;
            let current = CurrentState { rows: &self.rows, paged: &Rows::default(), ruleset: &ruleset };
            let outcome = execute(current, command, Supplies::default(), actor, &mut self.compiler)?;
            apply(&mut self.rows, &outcome.writes);
            Ok(outcome)
        }

        fn add(&mut self, steps: Vec<ScheduledStep>) -> Result<CommandOutcome, Refusal> {
            self.run(&Command::Schedule(ScheduleCommand::Add { steps }), &by("ann"))
        }

        fn pending(&self) -> Vec<Schedule> {
            schedules(&self.rows).collect()
        }
    }

    #[test]
    fn a_schedule_keeps_its_command_and_its_author_and_its_record_names_it() {
        let mut hub = Hub::new();
        let outcome = hub.add(vec![kill("s-1", 2_000)]).unwrap();
        let [schedule] = &hub.pending()[..] else { panic!("one is pending") };
        assert_eq!((&*schedule.subject, &*schedule.role, &*schedule.reason), ("ann", "operator", "as planned"));
        assert_eq!((schedule.flag.as_deref(), &schedule.step), (Some("a"), &kill("s-1", 2_000)));
        let [change] = &outcome.changes[..] else { panic!("one record") };
        assert_eq!((change.action, change.schedule.as_deref(), change.flag.as_deref()), (Action::ScheduleAdded, Some("s-1"), Some("a")));
        let actor = schedule.actor(Millis(2_001));
        assert_eq!((&*actor.subject, &*actor.role, actor.at), ("ann", "operator", Millis(2_001)));
    }

    #[test]
    fn the_end_of_a_schedule_removes_its_row_with_the_outcome_of_its_command() {
        let mut hub = Hub::new();
        hub.add(vec![kill("s-1", 2_000), kill("s-2", 3_000)]).unwrap();
        for (id, expected) in [("s-1", "flag.kill"), ("s-2", "schedule.idle")] {
            let schedule = hub.pending().into_iter().find(|schedule| schedule.step.id == id).unwrap();
            let outcome = ran(hub.run(&schedule.step.command, &schedule.actor(schedule.step.at)).unwrap(), &schedule);
            let found: Vec<_> = outcome.changes.iter().map(|change| (change.action.as_str(), change.schedule.as_deref())).collect();
            assert_eq!(found, [(expected, Some(id))]);
            apply(&mut hub.rows, &outcome.writes);
            assert!(hub.pending().iter().all(|schedule| schedule.step.id != id));
        }
    }

    #[test]
    fn a_refusal_is_a_record_with_its_reason() {
        let mut hub = Hub::new();
        hub.add(vec![kill("s-1", 2_000)]).unwrap();
        let outcome = refused(&hub.pending()[0], ("LOCKED", "the flag is locked"));
        let [change] = &outcome.changes[..] else { panic!("one record") };
        assert_eq!((change.action, change.schedule.as_deref()), (Action::ScheduleRefused, Some("s-1")));
        assert_eq!(change.new.as_deref(), Some(r#"{"code":"LOCKED","detail":"the flag is locked"}"#));
        assert_eq!(outcome.writes, [(RowKey::of(RowKind::Schedule, "s-1"), None)]);
    }

    #[test]
    fn a_cancelled_schedule_is_gone_and_an_unknown_one_is_refused() {
        let mut hub = Hub::new();
        hub.add(vec![kill("s-1", 2_000)]).unwrap();
        let cancel = Command::Schedule(ScheduleCommand::Cancel { id: "s-1".into() });
        assert_eq!(hub.run(&cancel, &by("bob")).unwrap().changes[0].action, Action::ScheduleCancelled);
        assert_eq!(hub.pending(), []);
        assert_eq!(hub.run(&cancel, &by("bob")).err().unwrap().kind, RefusalKind::ScheduleNotFound);
    }

    #[test]
    fn moments_commands_and_counts_have_bounds() {
        let mut hub = Hub::new();
        let year = NOW.0 + MAX_AHEAD_MS;
        let until = |step: ScheduledStep, until| ScheduledStep { until: Some(Millis(until)), ..step };
        let with = |command| ScheduledStep { command: Box::new(command), ..kill("s", 2_000) };
        let long = Command::Import { document: "x".repeat(MAX_COMMAND), state: crate::rows::State::Keep, allowed: Allowed::default() };
        for (steps, place) in [
            (vec![], ""),
            ((0..51).map(|number| kill(&format!("s-{number}"), 2_000)).collect(), ""),
            (vec![kill("s", NOW.0)], "/0/at"),
            (vec![kill("s", year + 1)], "/0/at"),
            (vec![kill("s", 2_000), kill("s", 2_001)], "/1/id"),
            (vec![until(kill("s", 2_000), 1_999)], "/0/until"),
            (vec![until(kill("s", 2_000), 2_001 + MAX_WAIT_MS)], "/0/until"),
            (vec![with(Command::RenewEpoch {})], "/0/command"),
            (vec![with(Command::Schedule(ScheduleCommand::Cancel { id: "s".into() }))], "/0/command"),
            (vec![with(long)], "/0/command"),
        ] {
            let refusal = hub.add(steps).err().unwrap();
            let RefusalPlace::Field { field: Field::Steps, below } = &refusal.place else { panic!("{refusal:?}") };
            assert_eq!(below, place, "{refusal:?}");
        }
        hub.add(vec![kill("first", NOW.0 + 1), until(kill("last", year), year + MAX_WAIT_MS)]).unwrap();
        for page in 0..9 {
            hub.add((0..50).map(|number| kill(&format!("{page}-{number}"), 2_000)).collect()).unwrap();
        }
        hub.add((0..48).map(|number| kill(&format!("9-{number}"), 2_000)).collect()).unwrap();
        assert_eq!(hub.pending().len(), MAX_SCHEDULES);
        assert!(hub.add(vec![kill("one more", 2_000)]).is_err());
    }

    #[test]
    fn a_token_that_was_revoked_or_has_expired_carries_nothing_out() {
        let mut hub = Hub::new();
        let terms = KeyTerms {
            kind: KeyKind::Api,
            label: "robot".into(),
            origins: vec![],
            tags: vec![],
            identity: KeyIdentity::Open,
            expires_at: Some(Millis(9_000)),
            role: Some(TokenRole::Operator),
        };
        let secret = crate::NewKeySecret::of(&KeyKind::Api.secret(None, [1; crate::RANDOM]), "i");
        hub.rows.insert(RowKey::of(RowKind::Key, "k-1"), keys::fresh(&secret, terms, NOW).to_row());
        hub.run(&Command::Schedule(ScheduleCommand::Add { steps: vec![kill("s-1", 2_000)] }), &by("token:robot")).unwrap();
        let schedule = hub.pending().remove(0);
        assert_eq!(schedule.token.as_deref(), Some("k-1"));
        assert_eq!(schedule.obstacle(&hub.rows, Millis(2_000)), None);
        assert!(schedule.obstacle(&hub.rows, Millis(9_000)).unwrap().contains("token:robot"));
        let revoke = Command::Key(KeyCommand::Revoke { id: "k-1".into() });
        hub.run(&revoke, &by("ann")).unwrap();
        assert!(schedule.obstacle(&hub.rows, Millis(2_000)).is_some());
        // A person's right is the one at the time of scheduling.
        hub.add(vec![kill("s-2", 2_000)]).unwrap();
        assert!(hub.pending().iter().filter(|schedule| schedule.token.is_none()).all(|it| it.obstacle(&hub.rows, NOW).is_none()));
    }

    #[test]
    fn a_restore_ends_what_was_due_and_what_is_of_another_environment() {
        let mut hub = Hub::new();
        hub.add(vec![kill("early", 2_000), kill("late", 5_000)]).unwrap();
        let ended = |rows: &Rows, own: &str, named| -> Vec<String> {
            let before = BeforeRestore { environment: Some(own.into()), ..BeforeRestore::default() };
            let outcome = settle(rows, &before, named, Millis(2_000)).unwrap();
            outcome.changes.iter().filter_map(|change| change.schedule.clone()).collect()
        };
        hub.rows.insert(RowKey::of(RowKind::Member, "environment"), r#""staging""#.into());
        assert_eq!(ended(&hub.rows, "staging", None), ["early"]);
        assert_eq!(ended(&hub.rows, "production", Some("staging")), ["early", "late"]);
    }
}
