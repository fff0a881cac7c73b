//! Schedules: requests that the hub carries out at a later moment, by the right of the operator who scheduled them.
//!
//! A pending schedule is a row beside the documents. It holds the request as the admin API takes it, which is older than any release that
//! reads it and is read by its route's own reader; this crate knows no routes. The version that carries the request out, or records why
//! that was refused, also removes the row, so that a crash neither loses a schedule nor repeats one.
use alloc::{
    borrow::ToOwned as _,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{
    Millis,
    json::{
        Json, Object,
        canonical::{canonical_text, write_string},
    },
    stage::whole,
};
use serde::{Deserialize, Serialize};

use crate::{
    CommandOutcome, CurrentState, EnvironmentName, Field, KeyKind, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Actor, Change, TOKEN_PREFIX, text},
    command::check_id,
    keys,
    rows::{RowKey, RowKind, Rows},
    spelled,
};

/// The most schedules that may be pending at once.
pub const MAX_SCHEDULES: usize = 500;
/// The most schedules that one command adds.
pub const MAX_STEPS: usize = 20;
/// The longest request to schedule in bytes: its path, its body and its entity tag.
pub const MAX_REQUEST: usize = 16_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The latest moment to schedule a request for, in milliseconds from now.
const MAX_AHEAD_MS: i64 = 366 * DAY_MS;
/// The longest time for which a schedule waits for its gate, in milliseconds.
const MAX_WAIT_MS: i64 = 31 * DAY_MS;
/// The form of the rows that this release writes and reads. A release that stores something else about a schedule takes the next one.
const FORM: i64 = 1;

/// A command on schedules.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
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

/// A request of the admin API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScheduledRequest {
    /// The method, such as `POST`.
    pub method: String,
    /// The path with its query, such as `/api/admin/rollout/percentage`.
    pub path: String,
    /// The body, a JSON text; empty for none.
    pub body: String,
    /// The entity tag of what the request replaces, as in `If-Match`; `None` if it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<String>,
}

/// A request with the moment at which it is due.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScheduledStep {
    /// The id of the schedule, which the caller drew.
    pub id: String,
    /// The moment at which the request is due.
    #[serde(with = "spelled")]
    pub at: Millis,
    /// The moment until which a request whose gate is closed, or whose tier has to last longer, is tried again; `None` if it is tried once.
    #[serde(default, with = "spelled::option", skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// The request.
    pub request: ScheduledRequest,
    /// The key of the flag that the request is about; `None` for another request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
}

/// A pending schedule as its row holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The request with its moments.
    pub step: ScheduledStep,
    /// The subject of the operator who scheduled the request.
    pub subject: String,
    /// The role by which the operator did so.
    pub role: String,
    /// The person for whom the operator said they acted.
    pub on_behalf_of: Option<String>,
    /// The reason that the operator gave.
    pub reason: String,
    /// The id of the API token by which the request was scheduled; `None` for a person.
    pub token: Option<String>,
    /// The name under which the environment was registered; `None` for the first one, which cannot be closed.
    pub environment: Option<String>,
    /// The moment at which the request was scheduled.
    pub created_at: Millis,
}

impl Schedule {
    /// The schedule in a row; `None` if this release cannot read it.
    pub fn from_row(row: &str) -> Option<Self> {
        // By the tree, which the worker reads anyway: derived readers would be code for these types alone.
        let json = serde_json::from_str::<Json<'_>>(row).ok()?;
        let text = |name| Some(json.get(name)?.as_str()?.to_owned());
        let number = |name| json.get(name)?.as_number().and_then(whole);
        if number("form")? != FORM {
            return None;
        }
        let (method, path, body) = (text("method")?, text("path")?, text("body")?);
        let request = ScheduledRequest { method, path, body, if_match: text("ifMatch") };
        let (at, until) = (Millis(number("at")?), number("until").map(Millis));
        Some(Self {
            step: ScheduledStep { id: text("id")?, at, until, request, flag: text("flag") },
            subject: text("subject")?,
            role: text("role")?,
            on_behalf_of: text("onBehalfOf"),
            reason: text("reason")?,
            token: text("token"),
            environment: text("environment"),
            created_at: Millis(number("createdAt")?),
        })
    }

    /// The text of the row.
    fn to_row(&self) -> String {
        let ScheduledStep { id, at, until, request, flag } = &self.step;
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        for (name, value) in
            [("at", Some(at)), ("createdAt", Some(&self.created_at)), ("form", Some(&Millis(FORM))), ("until", until.as_ref())]
        {
            if let Some(Millis(number)) = value {
                object.member(name).push_str(&number.to_string());
            }
        }
        for (name, value) in [
            ("body", Some(&request.body)),
            ("environment", self.environment.as_ref()),
            ("flag", flag.as_ref()),
            ("id", Some(id)),
            ("ifMatch", request.if_match.as_ref()),
            ("method", Some(&request.method)),
            ("onBehalfOf", self.on_behalf_of.as_ref()),
            ("path", Some(&request.path)),
            ("reason", Some(&self.reason)),
            ("role", Some(&self.role)),
            ("subject", Some(&self.subject)),
            ("token", self.token.as_ref()),
        ] {
            text(&mut object, name, value.map(String::as_str));
        }
        object.close();
        out
    }

    /// The actor of the request at this moment: the operator who scheduled it.
    pub fn actor(&self, at: Millis) -> Actor {
        let Self { subject, role, on_behalf_of, reason, .. } = self.clone();
        Actor { subject, role, on_behalf_of, reason, at }
    }

    /// The reason why the operator's API token no longer gives the right; `None` if it does, or if the operator is a person. The role of a
    /// person is the one at the time of scheduling.
    pub fn obstacle(&self, rows: &Rows, now: Millis) -> Option<String> {
        let id = self.token.as_deref()?;
        let holds =
            keys(rows).any(|(known, key)| known == id && key.holds(now) && key.terms.role.is_some_and(|role| role.as_str() == self.role));
        (!holds).then(|| format!("the API token {:?}, by which this was scheduled, was revoked or has expired", self.subject))
    }

    /// The schedule for the trail, as JSON.
    fn described(&self) -> String {
        let ScheduledStep { id, at, until, request, .. } = &self.step;
        let mut out = String::new();
        let mut object = Object::open(&mut out);
        write_string(object.member("at"), &at.to_rfc3339());
        if let Some(body) = canonical_text(&request.body) {
            object.member("body").push_str(&body);
        }
        write_string(object.member("id"), id);
        text(&mut object, "ifMatch", request.if_match.as_deref());
        write_string(object.member("method"), &request.method);
        write_string(object.member("path"), &request.path);
        text(&mut object, "until", until.map(Millis::to_rfc3339).as_deref());
        object.close();
        out
    }
}

/// The member of the row of a schedule that this release could not read when it was due. Such a row stays until an operator cancels the
/// schedule, and is never due again.
const UNREADABLE: &str = "unreadable";

/// The row of a schedule that was refused because this release could not read it, as the other release wrote it; `None` for another row.
pub fn refused_row(row: &str) -> Option<String> {
    Some(serde_json::from_str::<Json<'_>>(row).ok()?.get(UNREADABLE)?.as_str()?.to_owned())
}

/// The outcome of a schedule that is due and that this release cannot read: a refusal, and a row that stays listed.
#[must_use]
pub fn unreadable(id: &str, row: &str) -> CommandOutcome {
    let mut kept = String::new();
    let mut object = Object::open(&mut kept);
    write_string(object.member(UNREADABLE), row);
    object.close();
    let new = Some(reason("UNREADABLE", "another release scheduled this, and this one cannot read it"));
    let change = Change { schedule: Some(id.to_owned()), new, ..Change::new(Action::ScheduleRefused) };
    let writes = [(RowKey::of(RowKind::Schedule, id), Some(kept))].into();
    CommandOutcome { writes, changes: [change].into(), ..CommandOutcome::default() }
}

/// The pending schedules in these rows, ordered by id.
pub fn schedules(rows: &Rows) -> impl Iterator<Item = Schedule> {
    rows.of(RowKind::Schedule).filter_map(|(_, text)| Schedule::from_row(text))
}

/// The outcome of a scheduled request together with the end of its schedule. A request that changes nothing leaves a record too.
#[must_use]
pub fn ran(mut outcome: CommandOutcome, schedule: &Schedule) -> CommandOutcome {
    if outcome.changes.is_empty() {
        let flag = schedule.step.flag.clone();
        outcome.changes.push(Change { flag, old: Some(schedule.described()), ..Change::new(Action::ScheduleIdle) });
    }
    ended(outcome, &schedule.step.id)
}

/// The outcome of a schedule whose request was refused: the end of the schedule and the reason, a code and a sentence.
#[must_use]
pub fn refused(schedule: &Schedule, (code, detail): (&str, &str)) -> CommandOutcome {
    let (flag, old, new) = (schedule.step.flag.clone(), Some(schedule.described()), Some(reason(code, detail)));
    let change = Change { flag, old, new, ..Change::new(Action::ScheduleRefused) };
    ended(CommandOutcome { changes: [change].into(), ..CommandOutcome::default() }, &schedule.step.id)
}

fn reason(code: &str, detail: &str) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    write_string(object.member("code"), code);
    write_string(object.member("detail"), detail);
    object.close();
    out
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
        let schedule = Schedule {
            step: step.clone(),
            subject: actor.subject.clone(),
            role: actor.role.clone(),
            on_behalf_of: actor.on_behalf_of.clone(),
            reason: actor.reason.clone(),
            token: token.clone(),
            environment: environment.map(|name| name.as_str().to_owned()),
            created_at: actor.at,
        };
        outcome.writes.push((row, Some(schedule.to_row())));
        let (flag, id) = (step.flag.clone(), Some(step.id.clone()));
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
    let (flag, old) = schedule.map_or((None, None), |schedule| (schedule.step.flag.clone(), Some(schedule.described())));
    let change = Change { flag, old, schedule: Some(id.to_owned()), ..Change::new(Action::ScheduleCancelled) };
    Ok(CommandOutcome { writes: [(key, None)].into(), changes: [change].into(), ..CommandOutcome::default() })
}

/// Refuses a step whose moments or whose request cannot be kept.
fn check(step: &ScheduledStep, now: Millis, at: &dyn Fn(&str) -> RefusalPlace) -> Result<(), Refusal> {
    check_id(&step.id, at("/id"))?;
    if !(1..=MAX_AHEAD_MS).contains(&step.at.0.saturating_sub(now.0)) {
        return Err(Refusal::invalid(at("/at"), "expected a moment from now on, at most 366 days ahead"));
    }
    if step.until.is_some_and(|until| !(0..=MAX_WAIT_MS).contains(&until.0.saturating_sub(step.at.0))) {
        return Err(Refusal::invalid(at("/until"), "expected a moment that is not before at, and at most 31 days behind it"));
    }
    let ScheduledRequest { path, body, if_match, .. } = &step.request;
    if path.len() + body.len() + if_match.as_ref().map_or(0, String::len) > MAX_REQUEST {
        return Err(Refusal::invalid(at("/body"), format!("expected a request of at most {MAX_REQUEST} bytes")));
    }
    Ok(())
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
    use crate::{Allowed, BeforeRestore, Command, KeyCommand, KeyIdentity, KeyTerms, Supplies, TokenRole, apply, execute, settle};
    use sdk_core::Compiler;

    const NOW: Millis = Millis(1_000);

    fn by(subject: &str) -> Actor {
        Actor { subject: subject.into(), role: "operator".into(), reason: "as planned".into(), ..Actor::system("", NOW) }
    }

    fn kill(id: &str, at: i64) -> ScheduledStep {
        let body = r#"{"featureName":"a","action":"kill","reason":"r"}"#.into();
        let request = ScheduledRequest { method: "POST".into(), path: "/api/admin/feature-flags".into(), body, if_match: None };
        ScheduledStep { id: id.into(), at: Millis(at), until: None, request, flag: Some("a".into()) }
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
    fn a_schedule_keeps_its_request_and_its_author_and_its_record_names_it() {
        let mut hub = Hub::new();
        let outcome = hub.add(vec![kill("s-1", 2_000)]).unwrap();
        let [schedule] = &hub.pending()[..] else { panic!("one is pending") };
        assert_eq!((&*schedule.subject, &*schedule.role, &*schedule.reason), ("ann", "operator", "as planned"));
        assert_eq!(schedule.step, kill("s-1", 2_000));
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
            let outcome = ran(hub.run(&Command::Kill { flag: "a".into() }, &schedule.actor(schedule.step.at)).unwrap(), &schedule);
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
    fn a_schedule_that_this_release_cannot_read_is_refused_once_stays_listed_and_can_be_cancelled() {
        let mut hub = Hub::new();
        hub.add(vec![kill("s-1", 2_000)]).unwrap();
        let key = RowKey::of(RowKind::Schedule, "s-1");
        let readable = hub.rows.text(&key).unwrap().to_owned();
        assert!(Schedule::from_row(&readable).is_some() && refused_row(&readable).is_none());
        let later = readable.replace(r#""form":1"#, r#""form":2"#);
        let missing = readable.replace(r#""path":"#, r#""other":"#);
        for row in [later.as_str(), missing.as_str(), "{}", "what the next release writes", "\"\\u0000\""] {
            assert!(Schedule::from_row(row).is_none() && refused_row(row).is_none(), "{row}");
            let outcome = unreadable("s-1", row);
            let [change] = &outcome.changes[..] else { panic!("one record") };
            assert_eq!((change.action, change.schedule.as_deref()), (Action::ScheduleRefused, Some("s-1")));
            apply(&mut hub.rows, &outcome.writes);
            let kept = hub.rows.text(&key).unwrap();
            assert_eq!((refused_row(kept).as_deref(), Schedule::from_row(kept)), (Some(row), None));
        }
        hub.run(&Command::Schedule(ScheduleCommand::Cancel { id: "s-1".into() }), &by("bob")).unwrap();
        assert_eq!(hub.rows.text(&key), None);
    }

    #[test]
    fn the_row_of_a_schedule_is_spelled_as_it_was() {
        let mut hub = Hub::new();
        let plain = kill("s-1", 2_000);
        hub.add(vec![ScheduledStep { until: Some(Millis(3_000)), ..plain.clone() }]).unwrap();
        // Stored rows outlive releases: one that spells them otherwise takes another form.
        let row = concat!(
            r#"{"at":2000,"createdAt":1000,"form":1,"until":3000,"body":"{\"featureName\":\"a\",\"action\":\"kill\",\"reason\":\"r\"}","#,
            r#""flag":"a","id":"s-1","method":"POST","path":"/api/admin/feature-flags","reason":"as planned","role":"operator","subject":"ann"}"#
        );
        assert_eq!(hub.rows.text(&RowKey::of(RowKind::Schedule, "s-1")), Some(row));
        // Every member is read as it was written.
        let request = ScheduledRequest { if_match: Some("\"t\"".into()), ..plain.request };
        let full = Schedule {
            step: ScheduledStep { request, until: Some(Millis(3)), ..plain },
            subject: "ann \u{1f600}\"".into(),
            role: "service".into(),
            on_behalf_of: Some("bob".into()),
            reason: "r".into(),
            token: Some("k".into()),
            environment: Some("staging".into()),
            created_at: Millis(-1),
        };
        let bare = Schedule {
            step: ScheduledStep { until: None, flag: None, ..full.step.clone() },
            on_behalf_of: None,
            token: None,
            environment: None,
            ..full.clone()
        };
        for schedule in [full, bare] {
            assert_eq!(Schedule::from_row(&schedule.to_row()), Some(schedule));
        }
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
        let of_length = |step: ScheduledStep, length: usize| {
            let rest = step.request.path.len() + 2;
            let request = ScheduledRequest { body: "x".repeat(length - rest), if_match: Some("\"\"".into()), ..step.request };
            ScheduledStep { request, ..step }
        };
        for (steps, place) in [
            (vec![], ""),
            ((0..21).map(|number| kill(&format!("s-{number}"), 2_000)).collect(), ""),
            (vec![kill("s", NOW.0)], "/0/at"),
            (vec![kill("s", year + 1)], "/0/at"),
            (vec![kill("s", 2_000), kill("s", 2_001)], "/1/id"),
            (vec![until(kill("s", 2_000), 1_999)], "/0/until"),
            (vec![until(kill("s", 2_000), 2_001 + MAX_WAIT_MS)], "/0/until"),
            (vec![of_length(kill("s", 2_000), MAX_REQUEST + 1)], "/0/body"),
        ] {
            let refusal = hub.add(steps).err().unwrap();
            let RefusalPlace::Field { field: Field::Steps, below } = &refusal.place else { panic!("{refusal:?}") };
            assert_eq!(below, place, "{refusal:?}");
        }
        hub.add(vec![kill("first", NOW.0 + 1), until(of_length(kill("last", year), MAX_REQUEST), year + MAX_WAIT_MS)]).unwrap();
        for page in 0..24 {
            hub.add((0..20).map(|number| kill(&format!("{page}-{number}"), 2_000)).collect()).unwrap();
        }
        hub.add((0..18).map(|number| kill(&format!("24-{number}"), 2_000)).collect()).unwrap();
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
            signed_attributes: Vec::new(),
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
