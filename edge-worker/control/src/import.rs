//! Imports: the rows and the audit records that a document leads to.
use alloc::{
    boxed::Box,
    collections::BTreeSet,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{Compiled, DocumentError, Millis, Overrides, OwnerKind, Ruleset, compile, json::Place, limits::MAX_DOCUMENT_BYTES};

use crate::{
    CommandOutcome, CurrentState, Refusal, Supplies,
    change::{Action, Actor, Change},
    environment::{check_document, named_environment},
    leaves::Leaves,
    lifecycle::{Course, Rollout},
    overrides::OwnerView,
    rows::{self, BUCKET_KEY, RowKey, RowKind, Rows, State},
    state_row,
};
use serde::de::IgnoredAny;

/// The report of an import.
pub struct Imported {
    /// The first errors of the document, as in [`sdk_core::Compiled`]: each leaves a part of the document out.
    pub errors: Vec<DocumentError>,
    /// The number of all errors of the document.
    pub error_count: usize,
    /// Warnings to show the operator; the document was imported all the same.
    pub warnings: Vec<DocumentError>,
    /// The differences between the documents before and after, to show the operator.
    pub changes: Vec<rows::DocumentChange>,
    /// The places at which the hub keeps its state though the document has another, as JSON pointers.
    pub kept: Vec<String>,
    /// All rows after the import, as far as the rows before were given.
    pub rows: Rows,
}

/// Imports a document over the rows of the hub. The supplies have the bucket key for rows and a document that have none.
pub(crate) fn carry_out(
    current: CurrentState<'_>,
    text: &str,
    state: State,
    supplies: &Supplies,
    actor: &Actor,
) -> Result<CommandOutcome, Refusal> {
    let mut held = current.rows.clone();
    held.append(current.paged.clone());
    let has_document = held.iter().any(|(key, _)| !key.kind.is_beside_documents());
    let ruleset = has_document.then_some(current.ruleset);
    let key = held.bucket_key().or(supplies.bucket_key);
    let refused = |error: DocumentError| Refusal::whole_document(&error);
    let given = compile(text, key).map_err(refused)?;
    let whole = |message: String| refused(DocumentError::at(Place::ROOT, message));
    let rows = Rows::split(text).ok_or_else(|| whole("expected an object".to_string()))?;
    check_document(&held, supplies.environment.as_ref(), &rows)?;
    let mut merged = held.merge(rows, state);
    if let (None, Some(key)) = (merged.rows.bucket_key(), key) {
        merged.rows.insert(RowKey::of(RowKind::BucketKey, ""), key.to_hex());
    }
    let document = merged.rows.compose(false);
    if document.len() > MAX_DOCUMENT_BYTES {
        return Err(whole(format!(
            "with the state that is kept it has {} bytes, at most {MAX_DOCUMENT_BYTES} are allowed",
            document.len()
        )));
    }
    let compiled = compile(&document, merged.rows.bucket_key()).map_err(refused)?;
    set_courses(&held, &mut merged.rows, actor.at);
    let writes = held.writes(&merged.rows);
    let difference = Difference { before: &held, after: &merged.rows, written: writes.iter().map(|(key, _)| *key).collect() };
    let mut changes = Vec::new();
    for (key, text) in &writes {
        if let Some(owner) = key.kind.owner() {
            let views = [(ruleset, &held), (Some(&compiled.ruleset), &merged.rows)];
            owner_changes(views, owner, key, actor.at, &mut changes);
        } else {
            changes.extend(difference.record(key, *text));
        }
    }
    let reported = held.changes(&merged.rows);
    let writes = writes.into_iter().map(|(key, text)| (key.clone(), text.map(Into::into))).collect();
    let Compiled { errors, error_count, mut warnings, .. } = given;
    if let (Some(old), Some(new)) = (named_environment(&held), named_environment(&merged.rows))
        && old != new
    {
        let why = format!(
            "this environment was named {old:?} and is {new:?} from now on; keys, tokens and addresses that name it follow the name"
        );
        warnings.push(DocumentError::at(Place::ROOT.name("environment"), why));
    }
    let imported = Imported { errors, error_count, warnings, changes: reported, kept: merged.kept, rows: merged.rows };
    Ok(CommandOutcome { writes, changes, ruleset: Some(compiled.ruleset), imported: Some(Box::new(imported)), ..CommandOutcome::default() })
}

/// Begins a stage for each rollout that the document adds or changes, and removes the courses of flags that are gone.
fn set_courses(held: &Rows, next: &mut Rows, now: Millis) {
    let flags: Vec<String> = next.of(RowKind::State).map(|(name, _)| name.to_string()).collect();
    for name in flags {
        let read = |rows: &Rows| state_row::rollout(rows.get(RowKind::State, &name)?, rows.get(RowKind::Course, &name));
        let (before, after) = (read(held), read(next));
        let stage = |rollout: &Rollout| (rollout.status, rollout.tier, rollout.percentage);
        let key = RowKey { kind: RowKind::Course, name: name.clone() };
        match after {
            None => next.remove(&key),
            Some(rollout) if before.as_ref().map(stage) != Some(stage(&rollout)) || next.text(&key).is_none() => {
                let held = before.map(|before| before.course).unwrap_or_default();
                let course = Course {
                    created_at: held.created_at.or(Some(now)),
                    started_at: held.started_at.or(rollout.status.is_running().then_some(now)),
                    stage_since: Some(now),
                    ..held
                };
                next.insert(key, state_row::write_course(&course));
            }
            Some(_) => {}
        }
    }
    let gone: Vec<RowKey> = next
        .of(RowKind::Course)
        .filter(|(name, _)| next.get(RowKind::State, name).is_none())
        .map(|(name, _)| RowKey { kind: RowKind::Course, name: name.into() })
        .collect();
    for key in &gone {
        next.remove(key);
    }
}

/// The rows before and after an import, and the keys of those that it writes.
struct Difference<'d> {
    before: &'d Rows,
    after: &'d Rows,
    written: BTreeSet<&'d RowKey>,
}

impl Difference<'_> {
    /// The audit record of a written row that is no override; `None` if the record of another row covers it.
    fn record(&self, key: &RowKey, text: Option<&str>) -> Option<Change> {
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
            RowKind::BucketKey | RowKind::Membership | RowKind::Key | RowKind::Environment | RowKind::Epoch => Some(place()),
            // `owner_changes` makes a record for each flag that is overridden.
            RowKind::Customer | RowKind::Organization => None,
        }
    }
}

/// Appends the audit records of one owner's overrides, one for each flag.
fn owner_changes(views: [(Option<&Ruleset>, &Rows); 2], owner: OwnerKind, key: &RowKey, now: Millis, changes: &mut Vec<Change>) {
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
