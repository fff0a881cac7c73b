//! Imports: the rows and the audit records that a document leads to.
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{Compiled, Compiler, DocumentError, Millis, Ruleset, compile, json::Place, limits::MAX_DOCUMENT_BYTES};

use crate::{
    CommandOutcome, CurrentState, Field, Refusal, Supplies,
    change::{Action, Actor, Change},
    consequences::{
        Consequence, Consequences, Edits, HeldOverrides, Version, adopted, allow, allow_overwriting, by_row, consequences, overwritten,
        plain_name,
    },
    environment::{check_document, named_environment},
    lifecycle::{Course, Rollout},
    row_records::{Difference, owner_changes},
    rows::{
        self, Merged, Renamed, RowKey, RowKind, Rows, State,
        refused::{self, Refused},
        spelling,
    },
    sound_rows::compile_what_serves,
    state_row,
};
use serde::{Deserialize, Serialize};

/// The most rounds in which last good definitions stand in: each may leave another flag broken, and every round compiles the document.
const MOST_ROUNDS: usize = 16;

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
    /// The flags that have new keys; their state and their overrides go on.
    pub renamed: Vec<Renamed>,
    /// The flags that were removed before and serve again.
    pub returned: Vec<Returned>,
    /// All rows after the import, as far as the rows before were given.
    pub rows: Rows,
}

/// The losses that an import may cause, each named by the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Allowed {
    /// True if a flag or a segment that cannot be read keeps its last good definition.
    pub partial: bool,
    /// The flags, segments, aliases, variants and sections that may go: JSON pointers into the document before, without the first slash.
    pub remove: Vec<String>,
    /// The flags and segments whose edits since the last import may be taken back: keys of flags, pointers without their first slash, or
    /// `*` for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overwrite: Vec<String>,
    /// True if the operator has read the present version: then the document takes back an edit only if it has the definition as it was
    /// before.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub seen: bool,
    /// The name that the document gives an environment which has another one.
    pub new_environment: Option<String>,
    /// The first eight digits of the document's bucket key, which is another one than that in force.
    pub new_bucket_key: Option<String>,
}

impl Allowed {
    /// Returns true if nothing is allowed.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// A flag that was removed before and serves again, with the state and the overrides that it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The key of the flag.
    pub flag: String,
    /// True if it is switched on.
    pub enabled: bool,
    /// The number of customers and organizations with an override of it.
    pub overrides: usize,
}

/// An import, as its command names it.
#[derive(Clone, Copy)]
pub(crate) struct Import<'i> {
    pub(crate) document: &'i str,
    pub(crate) state: State,
    pub(crate) allowed: &'i Allowed,
}

/// Imports a document over the rows of the hub. The supplies have the bucket key for rows and a document that have none.
pub(crate) fn carry_out(
    current: CurrentState<'_>,
    import: Import<'_>,
    supplies: &Supplies<'_>,
    actor: &Actor,
    compiler: &mut Compiler,
) -> Result<CommandOutcome, Refusal> {
    let Import { document: text, state, allowed } = import;
    let mut held = current.rows.clone();
    held.append(current.paged.clone());
    let has_document = held.iter().any(|(key, _)| !key.kind.is_beside_documents());
    let ruleset = has_document.then_some(current.ruleset);
    let key = held.bucket_key().or(supplies.bucket_key);
    let refused = |error: DocumentError| Refusal::whole_document(&error);
    let given = compile(text, key).map_err(refused)?;
    let whole = |message: String| refused(DocumentError::at(Place::ROOT, message));
    let mut rows = Rows::split(text).ok_or_else(|| whole("expected an object".to_string()))?;
    check_document(&held, supplies.environment.as_ref(), &rows, allowed)?;
    held.keep_members(&mut rows);
    let mut merged = held.merge(rows, state);
    held.keep_states_of_removed(&mut merged);
    if let (None, Some(key)) = (merged.rows.bucket_key(), key) {
        merged.rows.insert(RowKey::of(RowKind::BucketKey, ""), key.to_hex());
    }
    let owners = supplies.owners.unwrap_or(current.paged);
    let overrides = (state == State::Keep).then_some(HeldOverrides { owners, given: Some(&given) });
    let Safe { ruleset: new_ruleset, consequences, regained } =
        safe(current, &held, &mut merged, allowed, supplies.edits, overrides, compiler)?;
    set_courses(&held, &mut merged, actor.at);
    // Written once more, an edit that the document has is the import's own.
    let adopted: BTreeSet<RowKey> =
        supplies.edits.map(|edits| adopted([&held, &merged.rows], edits)).unwrap_or_default().into_iter().collect();
    let mut writes = held.writes(&merged.rows);
    writes.extend(adopted.iter().map(|key| (key, held.text(key))));
    let difference = Difference { before: &held, after: &merged.rows, written: writes.iter().map(|(key, _)| *key).collect() };
    let mut changes = Vec::new();
    for (key, text) in &writes {
        if let Some(owner) = key.kind.owner() {
            let views = [(ruleset, &held), (Some(&new_ruleset), &merged.rows)];
            owner_changes(views, owner, key, actor.at, &mut changes);
        } else if adopted.contains(*key) {
            changes.extend(difference.record(key, *text).map(|change| Change {
                action: Action::EditAdopted,
                old: None,
                new: None,
                ..change
            }));
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
    let Merged { rows, kept, renamed, returned } = merged;
    let returned = returned.into_iter().map(|flag| Returned {
        enabled: state_row::enabled(rows.get(RowKind::State, &flag).unwrap_or("{}")),
        overrides: regained.get(&flag).copied().unwrap_or_default(),
        flag,
    });
    let returned = returned.collect();
    let imported = Imported { errors, error_count, warnings, changes: reported, kept, renamed, returned, rows };
    Ok(CommandOutcome {
        writes,
        changes,
        ruleset: Some(new_ruleset),
        imported: Some(Box::new(imported)),
        consequences,
        ..CommandOutcome::default()
    })
}

/// A merged document that serves, and what it takes away.
struct Safe {
    ruleset: Ruleset,
    consequences: Vec<Consequence>,
    /// By key of a flag that returns: the number of its overrides.
    regained: BTreeMap<String, usize>,
}

/// Compiles a merged document. The last good definitions stand in for those that cannot be read, if that is allowed or was so before.
fn safe(
    current: CurrentState<'_>,
    held: &Rows,
    merged: &mut Merged,
    allowed: &Allowed,
    edits: Option<&dyn Edits>,
    overrides: Option<HeldOverrides<'_>>,
    compiler: &mut Compiler,
) -> Result<Safe, Refusal> {
    let refused = |error: DocumentError| Refusal::whole_document(&error);
    // A document that no longer compiles at all serves no flag, so the import takes none away.
    let before = compile_what_serves(held, compiler).ok();
    let known_count = before.as_ref().map_or(0, |compiled| compiled.error_count);
    let before = before.map(|compiled| by_row(&compiled.errors)).unwrap_or_default();
    for (definition, _) in held.all_refused() {
        if let Some(key) = refused::key_of(&definition) {
            merged.rows.remove(&key);
        }
    }
    let renamed: BTreeMap<String, String> = merged.renamed.iter().map(|Renamed { from, to }| (from.clone(), to.clone())).collect();
    let may_stand_in = allowed.partial || held.all_refused().next().is_some();
    let (mut stood_in, mut rounds) = (Vec::new(), 0);
    loop {
        let document = merged.rows.compose(false);
        if document.len() > MAX_DOCUMENT_BYTES {
            let length = document.len();
            let why = format!("with what is kept it has {length} bytes, at most {MAX_DOCUMENT_BYTES} are allowed");
            return Err(refused(DocumentError::at(Place::ROOT, why)));
        }
        let compiled = compiler.compile(&document, merged.rows.bucket_key()).map_err(refused)?;
        let after = by_row(&compiled.errors);
        let versions = [
            Version { rows: held, ruleset: current.ruleset, errors: &before },
            Version { rows: &merged.rows, ruleset: &compiled.ruleset, errors: &after },
        ];
        // Overrides are visited in the last round alone: where the last good definition stands in, none is lost.
        let find = |overrides| consequences(versions, &renamed, &merged.returned, overrides);
        let unreadable = if may_stand_in { unreadable(held, &merged.rows, &find(None).found, allowed.partial) } else { Vec::new() };
        let Some(first) = unreadable.first() else {
            let Consequences { mut found, regained } = find(overrides);
            found.extend(edits.into_iter().flat_map(|edits| overwritten([held, &merged.rows], &renamed, allowed.seen, edits)));
            allow_overwriting(&mut found, &allowed.overwrite, [held, &merged.rows])
                .map_err(|name| Refusal::invalid(Field::Overwrite, format!("neither document has {name:?}")))?;
            allow(&mut found, &allowed.remove, [held, &merged.rows]).map_err(|name| Refusal::invalid(Field::Remove, unused(&name)))?;
            // The core keeps the first errors alone: one that takes something away may be behind them.
            let (kept, count) = (compiled.errors.len(), compiled.error_count);
            let may_hide = kept < count && count > known_count && !current.ruleset.is_empty();
            if may_hide && found.iter().all(|consequence| consequence.is_allowed) {
                let why = format!("the document would have {count} errors, and has {known_count} now: only the first {kept} can be judged");
                return Err(refused(DocumentError::at(Place::ROOT, why)));
            }
            stood_in.extend(found);
            return Ok(Safe { ruleset: compiled.ruleset, consequences: stood_in, regained });
        };
        if rounds == MOST_ROUNDS {
            let why = format!("the last good definitions stand in for {} others and break this one: repair the document", stood_in.len());
            let mut error = DocumentError::at(Place::ROOT, why);
            error.pointer.clone_from(&first.pointer);
            return Err(refused(error));
        }
        rounds += 1;
        for consequence in unreadable {
            let Consequence { definition, errors, .. } = &consequence;
            if let (Some(good), Some(bad)) = (held.text(definition), merged.rows.text(definition))
                && let Some(key) = refused::key_of(definition)
            {
                let (good, bad) = (good.to_string(), Refused::new(bad, errors).to_row());
                merged.rows.insert(definition.clone(), good);
                merged.rows.insert(key, bad);
            }
            let name = plain_name(&definition.name);
            let what = if definition.kind == RowKind::Flag { "flag" } else { "segment" };
            let message = format!("the {what} {name:?} cannot be read, and its last good definition serves on");
            stood_in.push(Consequence { is_allowed: true, message, ..consequence });
        }
    }
}

/// The consequences for which the last good definition is to stand in. Segments come first: a flag may be good with those.
fn unreadable(held: &Rows, next: &Rows, found: &[Consequence], partial: bool) -> Vec<Consequence> {
    let can_stand_in = |consequence: &&Consequence| {
        let key = &consequence.definition;
        let (Some(good), Some(bad)) = (held.text(key), next.text(key)) else { return false };
        let was_refused = || held.refused(key).is_some_and(|refused| spelling::same(key.kind, &refused.text, bad));
        consequence.kind.is_error() && good != bad && (partial || was_refused())
    };
    let found: Vec<&Consequence> = found.iter().filter(can_stand_in).collect();
    let of_segments: Vec<Consequence> =
        found.iter().filter(|found| found.definition.kind == RowKind::Segment).map(|found| (*found).clone()).collect();
    if of_segments.is_empty() { found.into_iter().cloned().collect() } else { of_segments }
}

/// The reason for refusing a name in `remove`.
pub(crate) fn unused(name: &str) -> String {
    format!("{name:?} names nothing that goes: the document still has it, or it was never there; expected flags/… or segments/…")
}

/// Begins a stage for each rollout that the document adds or changes, and removes the courses of flags without a state.
fn set_courses(held: &Rows, Merged { rows: next, renamed, .. }: &mut Merged, now: Millis) {
    let flags: Vec<String> = next.of(RowKind::State).map(|(name, _)| name.to_string()).collect();
    for name in flags {
        let read = |rows: &Rows, name: &str| state_row::rollout(rows.get(RowKind::State, name)?, rows.get(RowKind::Course, name));
        let name_before = renamed.iter().find(|renamed| renamed.to == name).map_or(name.as_str(), |renamed| &renamed.from);
        let (before, after) = (read(held, name_before), read(next, &name));
        let key = RowKey { kind: RowKind::Course, name: name.clone() };
        match after {
            None => next.remove(&key),
            Some(rollout) if before.as_ref().map(Rollout::stage) != Some(rollout.stage()) || next.text(&key).is_none() => {
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

#[cfg(test)]
mod tests;
