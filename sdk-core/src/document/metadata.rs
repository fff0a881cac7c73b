//! The metadata of a flag: what is told with its answers.
use alloc::{borrow::Cow, string::String, vec::Vec};

use super::{
    key::is_reserved,
    limits::{MAX_METADATA_BYTES, MAX_METADATA_NAMES},
    reader::{Fields, Report},
};
use crate::json::{Json, canonical::write_json};

/// Names under which answers tell something of ours.
const OURS: [&str; 4] = ["layer", "version", "stale", "flagConfigEtag"];

/// Reads the metadata; answers what of it is told as canonical JSON, if there is any.
pub(crate) fn read(fields: &Fields<'_, '_, '_>, report: &mut Report) -> Option<String> {
    let members = fields.object("metadata", report)?;
    let place = fields.place.name("metadata");
    if report.too_many(place, members.len(), MAX_METADATA_NAMES, "names") {
        return None;
    }
    for (name, value) in members {
        if is_reserved(name) {
            report.error(place.name(name), "a name in metadata is not __proto__, prototype or constructor");
        }
        match value {
            Json::String(_) | Json::Number(_) | Json::Boolean(_) => {}
            Json::Null | Json::Array(_) | Json::Object(_) => report.expected(place.name(name), "a string, a number or a boolean", value),
        }
    }
    let written = |members: &[(Cow<'_, str>, Json<'_>)]| {
        let mut text = String::new();
        write_json(&mut text, &Json::Object(members.to_vec()));
        text
    };
    if report.too_many(place, written(members).len(), MAX_METADATA_BYTES, "bytes of canonical JSON") {
        return None;
    }
    let told: Vec<_> = members.iter().filter(|(name, _)| !OURS.contains(&name.as_ref())).cloned().collect();
    (!told.is_empty()).then(|| written(&told))
}
