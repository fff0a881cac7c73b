//! The errors of two documents, compared by the flag or the segment that they lie in.
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use sdk_core::{DocumentError, json::Json};

use super::plain_name;
use crate::{
    rows::{RowKey, Rows},
    sound_rows::row_at,
};

/// The errors of a flag or a segment that it did not have before. An error is the same under another key of the flag, and in another item
/// of a list, but counts as often as it stands.
pub(crate) fn new_errors(
    (row, known): (&RowKey, &[DocumentError]),
    (new_row, mut errors): (&RowKey, Vec<DocumentError>),
) -> Vec<DocumentError> {
    if known.is_empty() {
        return errors;
    }
    let mut left: BTreeMap<(String, String), usize> = BTreeMap::new();
    for error in known {
        *left.entry(anywhere(row, error)).or_default() += 1;
    }
    let mut take = |error: &DocumentError| left.get_mut(&anywhere(new_row, error)).filter(|left| **left > 0).map(|left| *left -= 1);
    // Those at their old places first, so that the new one is told.
    errors.retain(|error| !(known.contains(error) && take(error).is_some()));
    errors.retain(|error| take(error).is_none());
    errors
}

/// The errors of a flag, with the variants that it has where it names another one.
pub(crate) fn explained(rows: &Rows, row: &RowKey, mut errors: Vec<DocumentError>) -> Vec<DocumentError> {
    let variants = || {
        let flag = rows.text(row).and_then(|text| serde_json::from_str::<Json<'_>>(text).ok())?;
        let Some(Json::Object(variants)) = flag.get("variants") else { return None };
        Some(variants.iter().map(|(name, _)| format!("{name:?}")).collect::<Vec<_>>().join(", "))
    };
    for error in errors.iter_mut().filter(|error| error.message.starts_with("unknown variant ")) {
        let known = variants().unwrap_or_else(|| String::from("\"on\", \"off\""));
        error.message.push_str(&format!("; the flag has {known}"));
    }
    errors
}

/// An error without the numbers of its pointer and the name of its row.
fn anywhere(row: &RowKey, error: &DocumentError) -> (String, String) {
    let below = error.pointer.strip_prefix(&row.pointer()).unwrap_or(&error.pointer);
    let is_number = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let names: Vec<&str> = below.split('/').filter(|name| !is_number(name)).collect();
    (names.join("/"), error.message.replace(&format!("{:?}", plain_name(&row.name)), ""))
}

/// The errors of a document by the flag or the segment that they lie in.
pub(crate) type ErrorsByRow = BTreeMap<RowKey, Vec<DocumentError>>;

/// Sorts the errors of a document. Errors that lie in no flag and no segment are left out.
pub(crate) fn by_row(errors: &[DocumentError]) -> ErrorsByRow {
    let mut sorted = ErrorsByRow::new();
    for error in errors {
        if let Some(row) = row_at(&error.pointer) {
            sorted.entry(row).or_default().push(error.clone());
        }
    }
    sorted
}
