//! The metadata of a flag: what is told with its answers.
use alloc::string::String;

use super::{
    key::is_reserved,
    limits::{MAX_METADATA_BYTES, MAX_METADATA_NAMES},
    reader::{Fields, Report},
};
use crate::json::{Name, Node, canonical::write_members};

/// Names under which answers tell something of ours.
const OURS: [&str; 4] = ["layer", "version", "stale", "flagConfigEtag"];

/// Reads the metadata; answers what of it is told as canonical JSON, if there is any.
pub(crate) fn read(fields: &Fields<'_, '_, '_>, report: &mut Report) -> Option<String> {
    let members = fields.object("metadata", report)?;
    let place = fields.place.name("metadata");
    if report.too_many(place, members.len(), MAX_METADATA_NAMES, "names") {
        return None;
    }
    for (name, value) in members.clone() {
        let name = name.text();
        if is_reserved(&name) {
            report.error(place.name(&name), "a name in metadata is not __proto__, prototype or constructor");
        }
        match value.node() {
            Node::String(_) | Node::Number(_) | Node::Boolean(_) => {}
            Node::Null | Node::Array(_) | Node::Object(_) => report.expected(place.name(&name), "a string, a number or a boolean", value),
        }
    }
    let mut text = String::new();
    write_members(&mut text, &members, |_| true);
    if report.too_many(place, text.len(), MAX_METADATA_BYTES, "bytes of canonical JSON") {
        return None;
    }
    let is_told = |name: Name<'_, '_>| !OURS.iter().any(|our| name.is(our));
    if !members.clone().any(|(name, _)| is_told(name)) {
        return None;
    }
    text.clear();
    write_members(&mut text, &members, is_told);
    Some(text)
}
