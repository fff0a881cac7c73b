//! Compiles the rows of a store, even if this release refuses rows that an earlier one stored.
use alloc::{string::String, vec::Vec};

use sdk_core::{BucketKey, Compiler, DocumentError, Ruleset, json::Place, limits::MAX_ERRORS};

use crate::rows::{RowKey, RowKind, Rows};

/// The most rows that are left out one after another before the whole document counts as refused.
const MOST_LEFT_OUT: usize = 64;

/// The ruleset of a store's rows.
pub struct CompiledRows {
    /// The ruleset; one without flags if nothing compiles.
    pub ruleset: Ruleset,
    /// The rows that the ruleset was compiled from, without those that were left out; `None` if no row was left out.
    pub sound: Option<Rows>,
    /// The first errors. Each leaves out a flag, a segment or a part of one; or, if nothing compiles, the one that refuses the document.
    pub errors: Vec<DocumentError>,
    /// The number of all errors.
    pub error_count: usize,
    /// False if the document is refused for an error that no single row explains.
    pub is_served: bool,
}

/// Compiles rows. Leaves out each row for which the compiler refuses the whole document, and reports it among the errors, and so the
/// definitions that were refused while earlier ones serve.
///
/// # Errors
///
/// The compiler refuses even a document without flags.
pub fn compile_rows(rows: &Rows, compiler: &mut Compiler) -> Result<CompiledRows, DocumentError> {
    let mut compiled = compile_what_serves(rows, compiler)?;
    for (_, refused) in rows.all_refused().filter(|(definition, _)| rows.text(definition).is_some()) {
        for (pointer, message) in refused.errors {
            let mut error = DocumentError::at(Place::ROOT, format_args!("{message} (the last good definition serves)"));
            error.pointer = pointer;
            compiled.error_count += 1;
            if compiled.errors.len() < MAX_ERRORS {
                compiled.errors.push(error);
            }
        }
    }
    Ok(compiled)
}

/// Compiles rows without a look at refused definitions.
///
/// # Errors
///
/// The compiler refuses even a document without flags.
pub(crate) fn compile_what_serves(rows: &Rows, compiler: &mut Compiler) -> Result<CompiledRows, DocumentError> {
    let key = Some(rows.bucket_key().unwrap_or(BucketKey::from_bytes([0; 16])));
    let (mut sound, mut errors): (Option<Rows>, Vec<DocumentError>) = (None, Vec::new());
    loop {
        let held = sound.as_ref().unwrap_or(rows);
        let refusal = match compiler.compile(&held.compose(false), key) {
            Ok(compiled) => {
                let error_count = errors.len() + compiled.error_count;
                errors.extend(compiled.errors);
                return Ok(CompiledRows { ruleset: compiled.ruleset, sound, errors, error_count, is_served: true });
            }
            Err(refusal) => refusal,
        };
        let Some(row) = row_at(&refusal.pointer).filter(|row| held.text(row).is_some() && errors.len() < MOST_LEFT_OUT) else {
            let ruleset = Compiler::new().compile(&Rows::default().compose(false), key)?.ruleset;
            return Ok(CompiledRows { ruleset, sound: None, errors: [refusal].into(), error_count: 1, is_served: false });
        };
        sound.get_or_insert_with(|| rows.clone()).remove(&row);
        errors.push(refusal);
    }
}

/// The flag or segment that a pointer into the document lies in. Without another member every flag may mean something else: without
/// `private` a program would tell what it must not, without `environment` a flag would lose its default. Such a document is refused.
pub(crate) fn row_at(pointer: &str) -> Option<RowKey> {
    let mut names = pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~"));
    let member: String = names.next()?;
    let kind = match member.as_str() {
        "flags" => RowKind::Flag,
        "segments" => RowKind::Segment,
        _ => return None,
    };
    Some(RowKey::of(kind, &names.next()?))
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn rows(members: &str) -> Rows {
        Rows::split(&format!(r#"{{ "schema": "twinflag/1", "bucketKey": "000102030405060708090a0b0c0d0e0f"{members} }}"#)).unwrap()
    }

    #[track_caller]
    fn check(rows: &Rows, flags: &[&str], pointers: &[&str], is_served: bool) -> CompiledRows {
        let compiled = compile_rows(rows, &mut Compiler::new()).unwrap();
        assert_eq!(compiled.ruleset.flag_keys().collect::<Vec<_>>(), flags);
        assert_eq!(compiled.errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(), pointers);
        assert_eq!((compiled.error_count, compiled.is_served), (pointers.len(), is_served));
        compiled
    }

    #[test]
    fn rows_that_compile_are_all_sound() {
        assert!(check(&rows(r#", "flags": { "a": {}, "b": {} }"#), &["a", "b"], &[], true).sound.is_none());
        assert!(check(&Rows::default(), &[], &[], true).sound.is_none());
    }

    #[test]
    fn a_bad_flag_is_left_out_and_reported() {
        assert!(check(&rows(r#", "flags": { "a": 7, "b": {} }"#), &["b"], &["/flags/a"], true).sound.is_none());
    }

    #[test]
    fn a_row_that_somebody_edited_leaves_out_its_own_flag_alone() {
        for (kind, text, pointer) in [
            (RowKind::State, r#"{"enabled":tru"#, "/flags/a/enabled"),
            (RowKind::State, "", "/flags/a/enabled"),
            (RowKind::State, "[]", "/flags/a/enabled"),
            (RowKind::Flag, r#"{"type":"#, "/flags/a"),
            (RowKind::Flag, "", "/flags/a"),
            (RowKind::Flag, "{},7,", "/flags/a"),
        ] {
            let mut held = rows(r#", "flags": { "a": { "enabled": true }, "b": {} }"#);
            held.insert(RowKey::of(kind, "a"), text.into());
            check(&held, &["b"], &[pointer], true);
        }
        // Spaces that no release writes change nothing: the state is not lost.
        for (kind, text) in [(RowKind::State, " {\"enabled\":false} "), (RowKind::Flag, " {} ")] {
            let mut held = rows(r#", "flags": { "a": { "enabled": false }, "b": {} }"#);
            held.insert(RowKey::of(kind, "a"), text.into());
            check(&held, &["a", "b"], &[], true);
            assert!(held.compose(false).contains(r#""a":{"enabled":false}"#), "{text}");
        }
    }

    #[test]
    fn a_member_that_concerns_every_flag_leaves_nothing_to_serve() {
        for (member, bad) in [("private", "true"), ("environment", "7")] {
            let mut held = rows(r#", "environment": "test", "private": ["plan"], "flags": { "a": {} }"#);
            held.insert(RowKey::of(RowKind::Member, member), bad.into());
            check(&held, &[], &[&format!("/{member}")], false);
        }
    }

    #[test]
    fn a_refusal_that_no_row_explains_leaves_nothing_to_serve() {
        let flags: Vec<String> = (0..=sdk_core::limits::MAX_FLAGS).map(|number| format!(r#""f{number}": {{}}"#)).collect();
        check(&rows(&format!(r#", "flags": {{ {} }}"#, flags.join(","))), &[], &["/flags"], false);
    }

    #[test]
    fn a_pointer_names_a_row_as_the_store_spells_it() {
        assert_eq!(row_at("/flags/a~1b~0\"/rules/0"), Some(RowKey { kind: RowKind::Flag, name: "a/b~\\\"".into() }));
        assert_eq!(row_at("/segments/s"), Some(RowKey::of(RowKind::Segment, "s")));
        assert_eq!(row_at("/flags"), None);
        assert_eq!(row_at(""), None);
    }
}
