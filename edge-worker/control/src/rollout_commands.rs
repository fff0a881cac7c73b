//! Commands on a flag's rollout.
use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{
    Compiler, Percentage,
    json::Json,
    limits::MAX_LIST,
    stage::{MIN_SAMPLES, Method, Rate, Status, TIME_WINDOW_MS, Tier},
};
use serde::{Deserialize, Serialize};

use crate::{
    CommandOutcome, CurrentState, Event, Field, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Actor, Change},
    command::check_id,
    lifecycle::{Course, Guard, MIN_TIER_MS, Observed, Rollout, Step},
    rollout_overrides,
    rows::{RowKey, RowKind},
    spelled, state_row,
};

/// A command on a flag's rollout.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RolloutCommand {
    /// Creates the rollout.
    Create(RolloutPlan),
    /// Takes a step of the rollout's life cycle.
    Step(Step),
    /// Edits the allow list and the deny list.
    Lists(Lists),
    /// Edits the guard, or the conditions for advancing.
    Guard(GuardEdit),
}

/// The plan of a rollout to create.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RolloutPlan {
    /// The units that have the flag at any percentage.
    pub allow: Vec<String>,
    /// The units that do not have the flag at any percentage.
    pub deny: Vec<String>,
    /// The plain percentage; `None` for a rollout by tiers.
    #[serde(with = "spelled::option")]
    pub percentage: Option<Percentage>,
    /// The differences from the default guard.
    pub guard: GuardEdit,
    /// True to start the rollout at once, by the same change.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub start: bool,
}

/// An edit of both lists: they are replaced first, then entries are added, then entries are removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Lists {
    /// The new allow list; `None` keeps the present one.
    pub allow: Option<Vec<String>>,
    /// The new deny list; `None` keeps the present one.
    pub deny: Option<Vec<String>>,
    /// Entries to add to the allow list.
    pub add_allow: Vec<String>,
    /// Entries to remove from the allow list.
    pub remove_allow: Vec<String>,
    /// Entries to add to the deny list.
    pub add_deny: Vec<String>,
    /// Entries to remove from the deny list.
    pub remove_deny: Vec<String>,
}

/// An edit of the guard. An absent field stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GuardEdit {
    /// The method by which errors are judged.
    #[serde(with = "spelled::option")]
    pub method: Option<Method>,
    /// The share of outcomes with an error that is the limit.
    #[serde(with = "spelled::option")]
    pub error_rate: Option<Rate>,
    /// The milliseconds that the guard looks back.
    pub time_window_ms: Option<i64>,
    /// The number of outcomes below which the guard decides nothing.
    pub min_samples: Option<u64>,
    /// The milliseconds that a tier lasts at least.
    pub min_tier_ms: Option<i64>,
    /// The share of exposed units without an error that the rollout must exceed to advance.
    #[serde(with = "spelled::option")]
    pub success_rate: Option<Rate>,
}

/// Carries out a command on the rollout of a flag, which may be named by an alias.
pub(crate) fn carry_out(
    current: CurrentState<'_>,
    flag: &str,
    order: &RolloutCommand,
    observed: Observed,
    actor: &Actor,
    compiler: &mut Compiler,
) -> Result<CommandOutcome, Refusal> {
    let key = current.flag(flag)?;
    let text = current.rows.get(RowKind::State, key).unwrap_or("{}");
    let before = state_row::rollout(text, current.rows.get(RowKind::Course, key));
    let next = match (order, &before) {
        (RolloutCommand::Create(plan), before) => {
            let planned = create(plan, before.as_ref(), actor)?;
            if plan.start { planned.step(Step::Start, observed, actor.at)? } else { planned }
        }
        (_, None) => {
            return Err(Refusal::new(RefusalKind::IllegalStep, RefusalPlace::Command, "the flag has no rollout; create one first"));
        }
        (RolloutCommand::Step(step), Some(rollout)) => rollout.step(*step, observed, actor.at)?,
        (RolloutCommand::Lists(lists), Some(rollout)) => with_lists(rollout, lists)?,
        (RolloutCommand::Guard(edit), Some(rollout)) => {
            let mut next = rollout.clone();
            edit_guard(&mut next, edit)?;
            next
        }
    };
    let notes = notes(current.rows.get(RowKind::Flag, key).unwrap_or("{}"), state_row::enabled(text), order);
    if before.as_ref() == Some(&next) {
        return Ok(CommandOutcome { notes, ..CommandOutcome::default() });
    }
    let change = Change {
        flag: Some(key.into()),
        old: before.as_ref().map(described),
        new: Some(described(&next)),
        forced: is_forced(order, before.as_ref(), observed, actor),
        ..Change::new(action(order))
    };
    let writes = Vec::from([
        (RowKey::of(RowKind::State, key), Some(state_row::with_rollout(text, &next))),
        (RowKey::of(RowKind::Course, key), Some(state_row::write_course(&next.course))),
    ]);
    let mut outcome = current.compiled(key, writes, [change].into(), compiler)?;
    let feature = current.feature(key).map_or_else(|| key.into(), |feature| feature.name);
    outcome.notes = notes;
    if matches!(order, RolloutCommand::Step(Step::RollBack)) {
        rollout_overrides::roll_back(current, key, actor, &mut outcome)?;
    }
    outcome.events.extend(event(key, feature, before.as_ref(), &next));
    Ok(outcome)
}

/// The action under which a command is recorded.
fn action(order: &RolloutCommand) -> Action {
    match order {
        RolloutCommand::Create(RolloutPlan { start: true, .. }) | RolloutCommand::Step(Step::Start) => Action::RolloutStarted,
        RolloutCommand::Create(_) => Action::RolloutCreated,
        RolloutCommand::Lists(_) => Action::RolloutLists,
        RolloutCommand::Guard(_) => Action::RolloutGuard,
        RolloutCommand::Step(Step::Advance { .. }) => Action::RolloutAdvanced,
        RolloutCommand::Step(Step::Pause) => Action::RolloutPaused,
        RolloutCommand::Step(Step::Resume) => Action::RolloutResumed,
        RolloutCommand::Step(Step::Complete) => Action::RolloutCompleted,
        RolloutCommand::Step(Step::RollBack) => Action::RolloutRolledBack,
        RolloutCommand::Step(Step::Percentage(_)) => Action::RolloutPercentage,
    }
}

/// Notes on a rollout that may reach fewer than the operator expects: the flag is switched off, or it draws by `targetingKey` because its
/// definition names no unit.
fn notes(definition: &str, is_on: bool, order: &RolloutCommand) -> Vec<String> {
    let (begins, serves) = match order {
        RolloutCommand::Create(plan) => (true, plan.start),
        RolloutCommand::Step(Step::Start) => (true, true),
        RolloutCommand::Step(Step::Advance { .. } | Step::Resume | Step::Complete | Step::Percentage(_)) => (false, true),
        RolloutCommand::Step(Step::Pause | Step::RollBack) | RolloutCommand::Lists(_) | RolloutCommand::Guard(_) => (false, false),
    };
    let definition = serde_json::from_str::<Json<'_>>(definition).unwrap_or(Json::Null);
    let mut notes = Vec::new();
    if begins && definition.get("unit").is_none() {
        let without = match definition.get("onMissingUnit").and_then(Json::as_str) {
            Some("continue") => "is passed over",
            _ => "gets an error and the caller's default",
        };
        notes.push(format!(
            "the rollout draws by targetingKey, because the flag names no unit: a context without it, such as one with a customerId alone, \
             {without}; the member \"unit\" of the definition names another attribute"
        ));
    }
    if serves && !is_on {
        notes.push("the flag is switched off: it serves nobody until it is switched on".to_string());
    }
    notes
}

/// Returns true if the command forces an advance that would be refused without force.
fn is_forced(order: &RolloutCommand, before: Option<&Rollout>, observed: Observed, actor: &Actor) -> bool {
    let forced = matches!(order, RolloutCommand::Step(Step::Advance { force: true }));
    forced && before.is_some_and(|rollout| rollout.gate(observed, actor.at, false).is_err())
}

/// The planned rollout of a plan; refuses to replace a rollout that has begun and is not rolled back.
fn create(plan: &RolloutPlan, before: Option<&Rollout>, actor: &Actor) -> Result<Rollout, Refusal> {
    if let Some(before) = before
        && !matches!(before.status, Status::Planned | Status::RolledBack)
    {
        let detail = format!("the flag has a rollout that is {}; roll it back first", before.status.as_str());
        return Err(Refusal::new(RefusalKind::IllegalStep, RefusalPlace::Command, detail));
    }
    let course = Course { created_at: Some(actor.at), ..Course::default() };
    let mut rollout = Rollout {
        tier: if plan.percentage.is_some() { None } else { Some(Tier::Disabled) },
        percentage: plan.percentage.unwrap_or_default(),
        guard: Some(Guard::default()),
        course,
        ..Rollout::default()
    };
    let lists = Lists { allow: Some(plan.allow.clone()), deny: Some(plan.deny.clone()), ..Lists::default() };
    rollout = with_lists(&rollout, &lists)?;
    edit_guard(&mut rollout, &plan.guard)?;
    // The same plan sent again changes nothing.
    match before {
        Some(before)
            if *before == (Rollout { course: Course { created_at: before.course.created_at, ..rollout.course }, ..rollout.clone() }) =>
        {
            Ok(before.clone())
        }
        _ => Ok(rollout),
    }
}

/// The rollout with its lists edited; refuses a unit that would stand on both.
fn with_lists(rollout: &Rollout, lists: &Lists) -> Result<Rollout, Refusal> {
    let mut next = rollout.clone();
    let sides = [
        (&mut next.allow, &lists.allow, &lists.add_allow, &lists.remove_allow, [Field::Allow, Field::AddAllow]),
        (&mut next.deny, &lists.deny, &lists.add_deny, &lists.remove_deny, [Field::Deny, Field::AddDeny]),
    ];
    for (list, whole, add, remove, [field, add_field]) in sides {
        if let Some(whole) = whole {
            list.clear();
            put(list, whole, field)?;
        }
        put(list, add, add_field)?;
        let remove: BTreeSet<&String> = remove.iter().collect();
        list.retain(|unit| !remove.contains(unit));
        if list.len() > MAX_LIST {
            return Err(Refusal::invalid(field, format!("{} entries, at most {MAX_LIST} are allowed", list.len())));
        }
    }
    let mut denied: Vec<&str> = next.deny.iter().map(String::as_str).collect();
    denied.sort_unstable();
    if let Some(both) = next.allow.iter().find(|unit| denied.binary_search(&unit.as_str()).is_ok()) {
        return Err(Refusal::invalid(Field::Allow, format!("{both:?} would stand on both lists")));
    }
    Ok(next)
}

/// Appends the entries that are not in the list yet, in their order.
fn put(list: &mut Vec<String>, more: &[String], field: Field) -> Result<(), Refusal> {
    let mut known: BTreeSet<String> = list.iter().cloned().collect();
    for (index, unit) in more.iter().enumerate() {
        check_id(unit, field.entry(index))?;
        if known.insert(unit.clone()) {
            list.push(unit.clone());
        }
    }
    Ok(())
}

/// Edits the guard and the conditions for advancing; refuses values beyond their bounds.
fn edit_guard(rollout: &mut Rollout, edit: &GuardEdit) -> Result<(), Refusal> {
    let samples = edit.min_samples.map(|samples| i64::try_from(samples).unwrap_or(i64::MAX));
    for (field, value, bounds) in [
        (Field::TimeWindow, edit.time_window_ms, TIME_WINDOW_MS),
        (Field::MinSamples, samples, MIN_SAMPLES),
        (Field::MinTierDuration, edit.min_tier_ms, MIN_TIER_MS),
    ] {
        if value.is_some_and(|value| !bounds.contains(&value)) {
            return Err(Refusal::invalid(field, format!("expected a whole number from {} to 2^53", bounds.start())));
        }
    }
    let current = rollout.guard.unwrap_or_default();
    let guard = Guard {
        method: edit.method.unwrap_or(current.method),
        error_rate: edit.error_rate.unwrap_or(current.error_rate),
        time_window_ms: edit.time_window_ms.unwrap_or(current.time_window_ms),
        min_samples: edit.min_samples.unwrap_or(current.min_samples),
    };
    if rollout.guard.is_some() || guard != current {
        rollout.guard = Some(guard);
    }
    rollout.course.min_tier_ms = edit.min_tier_ms.unwrap_or(rollout.course.min_tier_ms);
    rollout.course.success_rate = edit.success_rate.unwrap_or(rollout.course.success_rate);
    Ok(())
}

/// A rollout as audit records show it: JSON of its form in documents and of its course.
pub(crate) fn described(rollout: &Rollout) -> String {
    let (document, course) = (state_row::written(rollout), state_row::write_course(&rollout.course));
    format!(r#"{{"course":{course},"rollout":{document}}}"#)
}

/// The entry in the log of a rollout for a step to another stage; `None` if the stage stays.
pub(crate) fn event(key: &str, feature: String, before: Option<&Rollout>, next: &Rollout) -> Option<Event> {
    let stage = |rollout: &Rollout| (rollout.tier, rollout.percentage);
    let name = match (before.map(|before| before.status), next.status) {
        (_, Status::RolledBack) => "rollback",
        (_, Status::Planned) => return None,
        _ if before.is_some_and(|before| before.percentage > next.percentage) => "disabled",
        _ if before.map(stage) != Some(stage(next)) => "enabled",
        _ => return None,
    };
    let tier = |rollout: &Rollout| rollout.tier.map_or_else(|| "null".to_string(), |tier| format!("\"{}\"", tier.as_str()));
    let (from, from_percentage) =
        before.map_or_else(|| ("null".to_string(), "0".to_string()), |before| (tier(before), before.percentage.to_text()));
    let (to, to_percentage) = (tier(next), next.percentage.to_text());
    let metadata = format!(r#"{{"fromPercentage":{from_percentage},"fromTier":{from},"toPercentage":{to_percentage},"toTier":{to}}}"#);
    Some(Event { flag: key.into(), feature, name, metadata })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_thousand_entries_leave_a_list_of_fifty_thousand_in_its_order() {
        let unit = |number: u32| format!("u-{number}");
        let rollout = Rollout { allow: (0..50_000).map(unit).collect(), ..Rollout::default() };
        let remove = Lists { remove_allow: (5_000..25_000).rev().map(unit).collect(), ..Lists::default() };
        let left = with_lists(&rollout, &remove).unwrap().allow;
        assert_eq!(left, (0..5_000).chain(25_000..50_000).map(unit).collect::<Vec<_>>());
    }

    #[test]
    fn a_rollout_that_may_reach_fewer_than_expected_is_noted() {
        let start = || RolloutCommand::Step(Step::Start);
        let create = |start| RolloutCommand::Create(RolloutPlan { start, ..RolloutPlan::default() });
        let begins = |notes: &[String], word: &str| notes.iter().any(|note| note.contains(word));
        for (definition, is_on, order, [unit, off]) in [
            ("{}", true, start(), [true, false]),
            ("{}", false, start(), [true, true]),
            ("{}", false, create(false), [true, false]),
            ("{}", false, create(true), [true, true]),
            (r#"{"unit":"customerId"}"#, true, create(true), [false, false]),
            (r#"{"unit":"targetingKey"}"#, true, start(), [false, false]),
            ("{}", false, RolloutCommand::Step(Step::Resume), [false, true]),
            ("{}", false, RolloutCommand::Step(Step::RollBack), [false, false]),
            ("{}", false, RolloutCommand::Step(Step::Pause), [false, false]),
        ] {
            let notes = notes(definition, is_on, &order);
            assert_eq!([begins(&notes, "targetingKey"), begins(&notes, "switched off")], [unit, off], "{definition} {order:?}");
        }
        assert!(begins(&notes("{}", true, &start()), "gets an error"));
        assert!(begins(&notes(r#"{"onMissingUnit":"continue"}"#, true, &start()), "is passed over"));
    }

    #[test]
    fn a_list_of_more_than_fifty_thousand_is_refused() {
        let unit = |number: u32| format!("u-{number}");
        let rollout = Rollout { allow: (0..50_000).map(unit).collect(), ..Rollout::default() };
        let refusal = with_lists(&rollout, &Lists { add_allow: Vec::from([unit(50_000)]), ..Lists::default() }).unwrap_err();
        assert!(refusal.detail.starts_with("50001 entries"), "{}", refusal.detail);
    }
}
