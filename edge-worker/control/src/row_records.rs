//! Audit records of rows that a command writes whole: those of an import, and those of a revert.
use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

use sdk_core::{Millis, Overrides, OwnerKind, Ruleset};
use serde::de::IgnoredAny;

use crate::{
    CurrentState,
    change::{Action, Change},
    leaves::Leaves,
    overrides::OwnerView,
    rows::{BUCKET_KEY, RowKey, RowKind, Rows},
    state_row,
};

/// The rows before and after an import or a revert, and the keys of those that it writes.
pub(crate) struct Difference<'d> {
    pub(crate) before: &'d Rows,
    pub(crate) after: &'d Rows,
    pub(crate) written: BTreeSet<&'d RowKey>,
}

impl Difference<'_> {
    /// The audit record of a written row that is no override; `None` if the record of another row covers it.
    pub(crate) fn record(&self, key: &RowKey, text: Option<&str>) -> Option<Change> {
        let before = self.before.text(key);
        let json = |text: Option<&str>| text.filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()).map(Into::into);
        let flag = || Some(key.name.clone());
        let place = || Change { pointer: Some(key.pointer()), ..Change::new(Action::DefinitionImported) };
        let values = |change| Change { old: json(before), new: json(text), ..change };
        let is_written = |kind| self.written.contains(&RowKey { kind, name: key.name.clone() });
        match key.kind {
            RowKind::Flag => Some(values(Change { flag: flag(), ..Change::new(Action::DefinitionImported) })),
            RowKind::State => {
                // The record of the definition covers a flag that comes without a state.
                if before.is_none() && text == Some("{}") && is_written(RowKind::Flag) {
                    return None;
                }
                let enabled = |rows: &Rows| rows.get(RowKind::Flag, &key.name).and(rows.text(key)).map(state_row::enabled);
                // A switch that stays where it is says nothing of what changed.
                let (old_value, new_value) = match (enabled(self.before), enabled(self.after)) {
                    (old, new) if old.unwrap_or(true) == new.unwrap_or(true) => (None, None),
                    switched => switched,
                };
                Some(values(Change { flag: flag(), old_value, new_value, ..Change::new(Action::StateImported) }))
            }
            // A rollout's course changes with its stage, and goes with its flag.
            RowKind::Course if is_written(RowKind::State) || is_written(RowKind::Flag) => None,
            // Names that come or go have records of their own.
            RowKind::Order => self.before.is_other_order(self.after, key).then(place),
            // Readers of the trail do not need the bucket key.
            RowKind::BucketKey if self.written.contains(&RowKey::of(RowKind::Member, BUCKET_KEY)) => None,
            RowKind::Member if key.name == BUCKET_KEY => Some(place()),
            RowKind::Course | RowKind::Segment | RowKind::Member => Some(values(place())),
            RowKind::BucketKey
            | RowKind::Membership
            | RowKind::Key
            | RowKind::Webhook
            | RowKind::Environment
            | RowKind::BreakGlass
            | RowKind::Schedule
            | RowKind::Epoch => Some(place()),
            // The record of the override covers it.
            RowKind::RolloutOverride => (!self.written.iter().any(|key| key.kind.owner().is_some())).then(place),
            RowKind::Refused => Some(values(Change { pointer: Some(key.pointer()), ..Change::new(Action::DefinitionRefused) })),
            // `owner_changes` makes a record for each flag that is overridden.
            RowKind::Customer | RowKind::Organization => None,
        }
    }
}

/// Appends the audit records of one owner's overrides, one for each flag.
pub(crate) fn owner_changes(views: [(Option<&Ruleset>, &Rows); 2], owner: OwnerKind, key: &RowKey, now: Millis, changes: &mut Vec<Change>) {
    let Ok(id) = serde_json::from_str::<String>(&format!("\"{}\"", key.name)) else { return };
    let [before, after] = views.map(|(ruleset, rows)| {
        let ruleset = ruleset?;
        let who = OwnerView::new(CurrentState { rows, paged: rows, ruleset }, owner, &id);
        let leaves = Leaves::of(ruleset, owner, &id, rows.text(key).unwrap_or("{}"));
        let overrides = who.overrides(leaves.own.clone());
        Some((leaves, overrides, who))
    });
    let mut names = BTreeSet::new();
    names.extend(before.iter().chain(&after).flat_map(|(leaves, ..)| leaves.names()));
    let who = OwnerView::of_id(owner, &id);
    let mut any = false;
    for flag in names {
        let look = |view: &Option<(Leaves<'_>, Overrides, OwnerView<'_>)>| {
            let (leaves, overrides, who) = view.as_ref()?;
            Some((leaves.said(&flag), who.value(leaves.ruleset, overrides, &flag, now)))
        };
        let (old, new) = (look(&before).unwrap_or_default(), look(&after).unwrap_or_default());
        let both = before.as_ref().zip(after.as_ref());
        if old.0 == new.0 || both.is_some_and(|((before, ..), (after, ..))| before.only_the_flag_differs(after, &flag)) {
            continue;
        }
        any = true;
        let action = if new.0.is_some() { Action::OverrideSet } else { Action::OverrideRemoved };
        changes.push(Change {
            flag: Some(flag),
            had_override: old.0.is_some(),
            old: old.0,
            old_value: old.1,
            new: new.0,
            new_value: new.1,
            ..who.change(action)
        });
    }
    if !any {
        // No override differs: only their spelling or their order.
        changes.push(Change { pointer: Some(key.pointer()), ..who.change(Action::OverrideSet) });
    }
}
