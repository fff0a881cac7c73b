//! Judges rows that replace the present ones, and the names by which a command allows what they take away.
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{Compiler, DocumentError, Ruleset, json::Place};

use super::{
    Consequence, HeldOverrides, OwnerRows, Version, consequences,
    errors::{by_row, explained, new_errors},
};
use crate::{
    CompiledRows, CurrentState,
    rows::{RowKey, RowKind, Rows, refused::SECTIONS},
    sound_rows::{compile_what_serves, row_at},
};

/// A change of single definitions, compared with what serves.
pub(crate) struct Judged {
    /// The errors that the document would have and does not have now.
    pub(crate) errors: Vec<DocumentError>,
    pub(crate) consequences: Vec<Consequence>,
    /// A name among those that may go which allows nothing.
    pub(crate) unused: Option<String>,
    /// The new ruleset; `None` if nothing compiles.
    pub(crate) ruleset: Option<Ruleset>,
}

/// Compares rows after a change of single definitions with the current ones. `remove` has the names of what may go, and `returned` the keys
/// of flags whose overrides are asked to count again.
pub(crate) fn judge(
    current: CurrentState<'_>,
    after: &Rows,
    remove: &[String],
    returned: &[String],
    owners: Option<&dyn OwnerRows>,
    compiler: &mut Compiler,
) -> Judged {
    let rows = current.rows;
    let mut compile = |rows: &Rows| match compile_what_serves(rows, compiler) {
        Ok(CompiledRows { errors, error_count, ruleset, .. }) => (errors, error_count, Some(ruleset)),
        Err(error) => (Vec::from([error]), 1, None),
    };
    let (known, known_count, _) = compile(rows);
    let (errors, count, ruleset) = compile(after);
    let (mut found, mut unused) = (Vec::new(), None);
    let [known_by_row, errors_by_row] = [by_row(&known), by_row(&errors)];
    if let Some(ruleset) = &ruleset {
        let versions =
            [Version { rows, ruleset: current.ruleset, errors: &known_by_row }, Version { rows: after, ruleset, errors: &errors_by_row }];
        let overrides = HeldOverrides { owners: owners.unwrap_or(current.paged), given: None };
        found = consequences(versions, &BTreeMap::new(), returned, Some(overrides)).found;
        unused = allow(&mut found, remove, [rows, after]).err();
    }
    let is_cut = errors.len() < count;
    let mut new: Vec<DocumentError> =
        errors.into_iter().filter(|error| row_at(&error.pointer).is_none() && !known.contains(error)).collect();
    for (row, errors) in errors_by_row {
        let known = known_by_row.get(&row).map_or(&[][..], Vec::as_slice);
        new.extend(explained(after, &row, new_errors((&row, known), (&row, errors))));
    }
    // The core keeps the first errors alone: a new one may be behind them.
    if is_cut && count > known_count && new.is_empty() {
        new.push(DocumentError::at(Place::ROOT, format!("the document would have {count} errors, and has {known_count} now")));
    }
    Judged { errors: new, consequences: found, unused, ruleset }
}

/// Marks the consequences that these names allow. The error is a name that allows nothing: the document still has what it names, or the
/// rows never had it. A flag that is gone already may be named again, by a deploy that is repeated.
pub(crate) fn allow(found: &mut [Consequence], names: &[String], [before, after]: [&Rows; 2]) -> Result<(), String> {
    for name in names {
        let name = name.strip_prefix('/').unwrap_or(name);
        let is_named: &dyn Fn(&Consequence) -> bool = match SECTIONS.into_iter().find(|(section, _)| *section == name) {
            Some((section, _)) if after.names(section).next().is_some() => return Err(name.to_string()),
            Some((_, kind)) => &move |known| known.definition.kind == kind && !known.kind.is_error(),
            None => &|known| known.removal() == Some(name),
        };
        let mut is_known = SECTIONS.iter().any(|(section, _)| *section == name);
        for known in found.iter_mut().filter(|known| is_named(known)) {
            known.is_allowed = true;
            is_known = true;
        }
        let row = row_at(&format!("/{name}")).filter(|row| row.pointer().strip_prefix('/') == Some(name));
        let has = |rows: &Rows, row: &RowKey| {
            let was_flag = row.kind == RowKind::Flag && rows.get(RowKind::State, &row.name).is_some();
            was_flag || rows.text(row).is_some()
        };
        if !is_known && !row.is_some_and(|row| has(before, &row) && after.text(&row).is_none()) {
            return Err(name.to_string());
        }
    }
    Ok(())
}
