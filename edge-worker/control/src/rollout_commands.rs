//! Orders to a flag's rollout.
use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{
    MAX_LIST, Percentage,
    stage::{MIN_SAMPLES, Method, Rate, Status, TIME_WINDOW_MS, Tier},
};

use crate::{
    Event, Held, Refusal, RefusalKind, Steered,
    change::{Action, By, Change},
    command::check_id,
    lifecycle::{Course, Guard, MIN_TIER_MS, Observed, Rollout, Step},
    rows::{RowKey, RowKind},
    state_row,
};

/// What is to happen to a rollout.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// It is made.
    Create(Plan),
    /// It takes a step.
    Step(Step),
    /// Its lists are others.
    Lists(Lists),
    /// Its guard is another, or what must be seen before it goes on.
    Guard(GuardEdit),
}

/// A rollout to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Units that are in,
    pub allow: Vec<String>,
    /// and units that are not.
    pub deny: Vec<String>,
    /// A plain percentage; without one there are tiers.
    pub percentage: Option<Percentage>,
    /// What differs from the usual guard.
    pub guard: GuardEdit,
}

/// Other lists. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// In place of the allow list.
    pub allow: Option<Vec<String>>,
    /// In place of the deny list.
    pub deny: Option<Vec<String>>,
    /// Put on the allow list,
    pub add_allow: Vec<String>,
    /// and taken off it.
    pub remove_allow: Vec<String>,
    /// Put on the deny list,
    pub add_deny: Vec<String>,
    /// and taken off it.
    pub remove_deny: Vec<String>,
}

/// Another guard. What is absent stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuardEdit {
    /// How errors are judged.
    pub method: Option<Method>,
    /// The share of errors that is too many.
    pub error_rate: Option<Rate>,
    /// How far back it looks.
    pub time_window_ms: Option<i64>,
    /// Fewer outcomes than this say nothing.
    pub min_samples: Option<u64>,
    /// How long a tier lasts at least.
    pub min_tier_ms: Option<i64>,
    /// More than this share must have gone well before it goes on.
    pub success_rate: Option<Rate>,
}

pub(crate) fn carry_out(held: Held<'_>, flag: &str, order: &Order, observed: Observed, by: &By) -> Result<Steered, Refusal> {
    let key = held.flag(flag)?;
    let text = held.rows.get(RowKind::State, key).unwrap_or("{}");
    let before = state_row::rollout(text, held.rows.get(RowKind::Course, key));
    let next = match (order, &before) {
        (Order::Create(plan), before) => create(plan, before.as_ref(), by)?,
        (_, None) => return Err(Refusal::new(RefusalKind::IllegalStep, "", "the flag has no rollout; create one first")),
        (Order::Step(step), Some(rollout)) => rollout.step(*step, observed, by.at)?,
        (Order::Lists(lists), Some(rollout)) => with_lists(rollout, lists)?,
        (Order::Guard(edit), Some(rollout)) => {
            let mut next = rollout.clone();
            edit_guard(&mut next, edit)?;
            next
        }
    };
    if before.as_ref() == Some(&next) {
        return Ok(Steered::default());
    }
    let change = Change {
        flag: Some(key.into()),
        old: before.as_ref().map(described),
        new: Some(described(&next)),
        forced: is_forced(order, before.as_ref(), observed, by),
        ..Change::new(action(order))
    };
    let writes = Vec::from([
        (RowKey::of(RowKind::State, key), Some(state_row::with_rollout(text, &next))),
        (RowKey::of(RowKind::Course, key), Some(state_row::write_course(&next.course))),
    ]);
    let mut steered = held.compiled(key, writes, [change].into())?;
    let feature = held.feature(key).map_or_else(|| key.into(), |feature| feature.name);
    steered.events.extend(event(key, feature, before.as_ref(), &next));
    Ok(steered)
}

fn action(order: &Order) -> Action {
    match order {
        Order::Create(_) => Action::RolloutCreated,
        Order::Lists(_) => Action::RolloutLists,
        Order::Guard(_) => Action::RolloutGuard,
        Order::Step(Step::Start) => Action::RolloutStarted,
        Order::Step(Step::Advance { .. }) => Action::RolloutAdvanced,
        Order::Step(Step::Pause) => Action::RolloutPaused,
        Order::Step(Step::Resume) => Action::RolloutResumed,
        Order::Step(Step::Complete) => Action::RolloutCompleted,
        Order::Step(Step::RollBack) => Action::RolloutRolledBack,
        Order::Step(Step::Percentage(_)) => Action::RolloutPercentage,
    }
}

/// Whether force was needed, not only allowed.
fn is_forced(order: &Order, before: Option<&Rollout>, observed: Observed, by: &By) -> bool {
    let forced = matches!(order, Order::Step(Step::Advance { force: true }));
    forced && before.is_some_and(|rollout| rollout.gate(observed, by.at, false).is_err())
}

fn create(plan: &Plan, before: Option<&Rollout>, by: &By) -> Result<Rollout, Refusal> {
    if let Some(before) = before
        && !matches!(before.status, Status::Planned | Status::RolledBack)
    {
        let detail = format!("the flag has a rollout that is {}; roll it back first", before.status.as_str());
        return Err(Refusal::new(RefusalKind::IllegalStep, "", detail));
    }
    let course = Course { created_at: Some(by.at), ..Course::default() };
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
    // What is planned so already is: sent again it is no other plan.
    match before {
        Some(before)
            if *before == (Rollout { course: Course { created_at: before.course.created_at, ..rollout.course }, ..rollout.clone() }) =>
        {
            Ok(before.clone())
        }
        _ => Ok(rollout),
    }
}

fn with_lists(rollout: &Rollout, lists: &Lists) -> Result<Rollout, Refusal> {
    let mut next = rollout.clone();
    let sides = [
        (&mut next.allow, &lists.allow, &lists.add_allow, &lists.remove_allow, "whitelistedCustomers"),
        (&mut next.deny, &lists.deny, &lists.add_deny, &lists.remove_deny, "blacklistedCustomers"),
    ];
    for (list, whole, add, remove, name) in sides {
        if let Some(whole) = whole {
            list.clear();
            put(list, whole, &format!("/{name}"))?;
        }
        put(list, add, &format!("/add/{name}"))?;
        let remove: BTreeSet<&String> = remove.iter().collect();
        list.retain(|unit| !remove.contains(unit));
        if list.len() > MAX_LIST {
            return Err(Refusal::invalid(format!("/{name}"), format!("{} entries, at most {MAX_LIST} are allowed", list.len())));
        }
    }
    let mut denied: Vec<&str> = next.deny.iter().map(String::as_str).collect();
    denied.sort_unstable();
    if let Some(both) = next.allow.iter().find(|unit| denied.binary_search(&unit.as_str()).is_ok()) {
        return Err(Refusal::invalid("/whitelistedCustomers", format!("{both:?} would stand on both lists")));
    }
    Ok(next)
}

/// Appends what is not there yet, in its order.
fn put(list: &mut Vec<String>, more: &[String], pointer: &str) -> Result<(), Refusal> {
    let mut known: BTreeSet<String> = list.iter().cloned().collect();
    for (index, unit) in more.iter().enumerate() {
        check_id(unit, &format!("{pointer}/{index}"))?;
        if known.insert(unit.clone()) {
            list.push(unit.clone());
        }
    }
    Ok(())
}

fn edit_guard(rollout: &mut Rollout, edit: &GuardEdit) -> Result<(), Refusal> {
    let samples = edit.min_samples.map(|samples| i64::try_from(samples).unwrap_or(i64::MAX));
    for (pointer, value, bounds) in [
        ("/rollbackThreshold/timeWindow", edit.time_window_ms, TIME_WINDOW_MS),
        ("/rollbackThreshold/minSamples", samples, MIN_SAMPLES),
        ("/minTierDuration", edit.min_tier_ms, MIN_TIER_MS),
    ] {
        if value.is_some_and(|value| !bounds.contains(&value)) {
            return Err(Refusal::invalid(pointer, format!("expected a whole number from {} to 2^53", bounds.start())));
        }
    }
    let held = rollout.guard.unwrap_or_default();
    let guard = Guard {
        method: edit.method.unwrap_or(held.method),
        error_rate: edit.error_rate.unwrap_or(held.error_rate),
        time_window_ms: edit.time_window_ms.unwrap_or(held.time_window_ms),
        min_samples: edit.min_samples.unwrap_or(held.min_samples),
    };
    if rollout.guard.is_some() || guard != held {
        rollout.guard = Some(guard);
    }
    rollout.course.min_tier_ms = edit.min_tier_ms.unwrap_or(rollout.course.min_tier_ms);
    rollout.course.success_rate = edit.success_rate.unwrap_or(rollout.course.success_rate);
    Ok(())
}

/// A rollout in a record: what the document says, and its course.
fn described(rollout: &Rollout) -> String {
    let (document, course) = (state_row::written(rollout), state_row::write_course(&rollout.course));
    format!(r#"{{"course":{course},"rollout":{document}}}"#)
}

/// The log of a rollout has its steps to another stage.
fn event(key: &str, feature: String, before: Option<&Rollout>, next: &Rollout) -> Option<Event> {
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

    /// Fifty thousand entries are more than a document may have; what is left of them is not.
    #[test]
    fn twenty_thousand_entries_leave_a_list_of_fifty_thousand_in_its_order() {
        let unit = |number: u32| format!("u-{number}");
        let rollout = Rollout { allow: (0..50_000).map(unit).collect(), ..Rollout::default() };
        let remove = |from: u32| Lists { remove_allow: (from..from + 20_000).rev().map(unit).collect(), ..Lists::default() };
        let refusal = with_lists(&rollout, &remove(5_000)).unwrap_err();
        assert!(refusal.detail.starts_with("30000 entries"), "{}", refusal.detail);
        let first = Rollout { allow: rollout.allow.iter().skip(22_000).cloned().collect(), ..Rollout::default() };
        let left = with_lists(&first, &remove(25_000)).unwrap().allow;
        assert_eq!(left, (22_000..25_000).chain(45_000..50_000).map(unit).collect::<Vec<_>>());
    }
}
