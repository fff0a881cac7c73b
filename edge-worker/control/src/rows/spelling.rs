//! Compares and writes the texts of rows. Spaces, escapes, spellings of numbers and the order of members make no difference, except among
//! variants and in overrides, of which the first counts.
use alloc::{format, string::String};

use sdk_core::json::{
    Json,
    canonical::{write_arranged, write_string},
};

use super::RowKind;

/// Returns true if two texts of rows of this kind differ in their spelling at most.
pub(crate) fn same(kind: RowKind, a: &str, b: &str) -> bool {
    a == b || plain(kind, a) == plain(kind, b)
}

/// The normal spelling of a row's text; text that cannot be read stays as it is.
fn plain(kind: RowKind, text: &str) -> String {
    if matches!(kind, RowKind::Order | RowKind::BucketKey) {
        return text.into();
    }
    // More than one value stands here where a name stands twice.
    let list = format!("[{text}]");
    let Ok(json) = serde_json::from_str::<Json<'_>>(&list) else { return text.into() };
    let mut out = String::with_capacity(text.len());
    let keeps_order = kind.owner().is_some();
    // A member twice stays twice: it is another row than one with a single member.
    write_arranged(&mut out, &json, &|members| {
        if !keeps_order {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
    });
    if kind == RowKind::Flag {
        write_variants(&mut out, &json);
    }
    out
}

/// Appends the names of variants in their order: the first that is true, or false, is what an override of that value means.
fn write_variants(out: &mut String, json: &Json<'_>) {
    let Json::Array(values) = json else { return };
    for value in values {
        let Json::Object(members) = value else { continue };
        for (name, variants) in members {
            let Json::Object(variants) = variants else { continue };
            if name == "variants" {
                for (name, _) in variants {
                    write_string(out, name);
                }
            }
        }
    }
}

/// Writes JSON as rows hold it: without spaces, members in their order.
pub(crate) fn written(json: &Json<'_>) -> String {
    let mut text = String::new();
    write_arranged(&mut text, json, &|_| {});
    text
}
