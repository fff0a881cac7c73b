//! Writes and removes the definition of one flag or one segment. State stays: whether a flag is switched on, its rollout and its overrides.
use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::Compiler;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    CommandOutcome, CurrentState, Field, OwnerRows, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Change},
    command::apply,
    consequences::{Judged, judge},
    import,
    rows::{RowKey, RowKind, refused, refused::SECTIONS, spelling, takes_state},
    state_row,
};

/// The section of a document that a definition stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Section {
    /// The flags.
    Flags,
    /// The segments.
    Segments,
}

impl Section {
    /// The kind of the rows that hold the section's definitions.
    pub const fn kind(self) -> RowKind {
        match self {
            Self::Flags => RowKind::Flag,
            Self::Segments => RowKind::Segment,
        }
    }
}

/// A definition to write or to remove.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DefinitionChange {
    /// The section of the document.
    pub section: Section,
    /// The key of the flag, or the name of the segment.
    pub name: String,
    /// The definition as JSON, of a flag without its state; `None` removes it.
    pub definition: Option<String>,
    /// The aliases and variants that may go, as in [`Allowed::remove`](crate::Allowed::remove).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// True if an archived flag is to return with the overrides that it had; one that serves stays as it is.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub restore: bool,
}

/// Carries out the change of a definition.
pub(crate) fn carry_out(
    current: CurrentState<'_>,
    change: &DefinitionChange,
    owners: Option<&dyn OwnerRows>,
    compiler: &mut Compiler,
) -> Result<CommandOutcome, Refusal> {
    let DefinitionChange { section, name, definition, remove, restore } = change;
    let (rows, kind) = (current.rows, section.kind());
    let key = RowKey::of(kind, name);
    let held = rows.text(&key);
    if rows.bucket_key().is_none() {
        return Err(Refusal::invalid(RefusalPlace::Command, "there is no document to change: import one first"));
    }
    if kind == RowKind::Flag && definition.as_ref().is_some_and(|text| !takes_state(text)) {
        let why = "expected an object without enabled and rollout: other requests change those";
        return Err(Refusal::invalid(RefusalPlace::Document(key.pointer()), why));
    }
    if definition.is_none() && held.is_none() {
        return Err(Refusal::new(RefusalKind::DefinitionNotFound, RefusalPlace::Command, format!("the document has no {}", key.pointer())));
    }
    if *restore && held.is_some() {
        return Ok(CommandOutcome::default());
    }
    if kind == RowKind::Flag
        && !*restore
        && held.is_none()
        && let Some(state) = rows.text(&RowKey::of(RowKind::State, name))
    {
        return Err(Refusal::new(RefusalKind::Archived, RefusalPlace::Command, archived(name, state)));
    }
    let mut writes: Vec<(RowKey, Option<String>)> = Vec::new();
    let is_same = held.zip(definition.as_ref()).is_some_and(|(held, text)| spelling::same(kind, held, text));
    if !is_same {
        writes.push((key.clone(), definition.clone()));
    }
    if held.is_some() != definition.is_some() {
        let section = SECTIONS.into_iter().find(|(_, known)| *known == kind).map_or("", |(section, _)| section);
        let mut order: String = rows.names(section).filter(|known| **known != *key.name).flat_map(|known| [known, "\n"]).collect();
        if definition.is_some() {
            order.extend([&*key.name, "\n"]);
        }
        let order_key = RowKey::of(RowKind::Order, section);
        writes.push((order_key, (!order.is_empty()).then_some(order)));
        let state = RowKey::of(RowKind::State, name);
        if kind == RowKind::Flag && definition.is_some() && rows.text(&state).is_none() {
            writes.push((state, Some("{}".to_owned())));
        }
    }
    let refused = refused::key_of(&key).filter(|refused| rows.text(refused).is_some());
    writes.extend(refused.clone().map(|refused| (refused, None)));
    if writes.is_empty() {
        return Ok(CommandOutcome::default());
    }
    let mut after = rows.clone();
    apply(&mut after, &writes);
    let mut allowed = remove.clone();
    if definition.is_none() {
        allowed.push(key.pointer());
    }
    let returned = if *restore { core::slice::from_ref(name) } else { &[] };
    let Judged { errors, consequences, unused, ruleset } = judge(current, &after, &allowed, returned, owners, compiler);
    if definition.is_some()
        && let Some(first) = errors.first()
    {
        let all: Vec<String> = errors.iter().map(|error| format!("{error}")).collect();
        let refusal = Refusal::new(RefusalKind::DefinitionRefused, RefusalPlace::Document(first.pointer.clone()), all.join("; "));
        return Err(Refusal { consequences, ..refusal });
    }
    if let Some(name) = unused {
        return Err(Refusal::invalid(Field::Remove, import::unused(&name)));
    }
    let json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok().then(|| text.to_string());
    let of_flag = kind == RowKind::Flag;
    let mut changes = Vec::new();
    if !is_same {
        changes.push(Change {
            flag: of_flag.then(|| name.clone()),
            pointer: (!of_flag).then(|| key.pointer()),
            old: held.and_then(json),
            new: definition.as_deref().and_then(json),
            ..Change::new(Action::DefinitionSet)
        });
    }
    if refused.is_some() {
        changes.push(Change { pointer: Some(key.pointer()), ..Change::new(Action::DefinitionRefused) });
    }
    Ok(CommandOutcome { writes, changes, ruleset, consequences, ..CommandOutcome::default() })
}

/// The reason why a flag that was removed takes no new definition: it would return with the state of the earlier one, and without its users.
pub(crate) fn archived(name: &str, state: &str) -> String {
    let switch = if state_row::enabled(state) { "on" } else { "off" };
    let rollout = state_row::rollout(state, None).map_or_else(String::new, |rollout| {
        format!(", with a rollout that is {} at {} %", rollout.status.as_str(), rollout.percentage.to_text())
    });
    format!("the flag {name:?} was removed, and would return as it was, switched {switch}{rollout}: restore it, and change it then")
}
