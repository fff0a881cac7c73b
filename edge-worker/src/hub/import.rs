//! Importing a document: what it says is taken, what the hub keeps stays, and all of it is written or nothing.
use sdk_core::{
    BucketKey, DocumentError, MAX_DOCUMENT_BYTES, compile,
    rows::{RowKey, RowKind, Rows, State},
};

use super::wire::{Changed, Import, Imported, Kept, LeftOut, matches};
use crate::{clock, problem::Problem, store::Store};

/// Stores a document as the next version unless it changes nothing; a refused one stores nothing.
pub(super) fn import(store: &impl Store, text: &str, how: &Import) -> Result<Imported, Problem> {
    let newest = store.newest_version()?;
    if how.if_match.as_deref().is_some_and(|if_match| !matches(if_match, newest)) {
        return Err(Problem::version_mismatch(newest));
    }
    let mut held = store.rows()?;
    let key = match held.bucket_key() {
        Some(key) => key,
        None => new_bucket_key()?,
    };
    let compiled = compile(text, Some(key)).map_err(|error| Problem::document(&error))?;
    let rows = Rows::split(text).ok_or_else(|| Problem::malformed("the document is no object"))?;
    let state = if how.replace { State::Replace } else { State::Keep };
    held.append(match state {
        State::Keep => store.overrides(rows.owners())?,
        State::Replace => store.all_overrides()?,
    });
    let mut merged = held.merge(rows, state);
    if merged.rows.bucket_key().is_none() {
        merged.rows.insert(RowKey::of(RowKind::BucketKey, ""), key.to_hex());
    }
    let length = merged.rows.compose(false).len();
    if length > MAX_DOCUMENT_BYTES {
        return Err(Problem::too_large_with_state(length));
    }
    let writes = held.writes(&merged.rows);
    let version = match newest {
        Some(newest) if how.dry_run || writes.is_empty() => newest,
        None if how.dry_run => 0,
        _ => store.write(&writes, clock::now())?,
    };
    let changes = held.changes(&merged.rows).into_iter();
    Ok(Imported {
        errors: compiled.errors.into_iter().map(|DocumentError { pointer, message, .. }| LeftOut { message, pointer }).collect(),
        changes: changes.map(|change| Changed { kind: change.kind.as_str().to_owned(), pointer: change.pointer }).collect(),
        kept: merged.kept.into_iter().map(|pointer| Kept { pointer }).collect(),
        version,
    })
}

fn new_bucket_key() -> Result<BucketKey, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(error.to_string()))?;
    Ok(BucketKey::from_bytes(bytes))
}
