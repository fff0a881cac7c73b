//! The metadata of a flag: names and values that answers about the flag carry.
use alloc::string::String;

use super::{
    key::is_reserved,
    limits::{MAX_METADATA_BYTES, MAX_METADATA_NAMES},
    reader::{Fields, Report},
};
use crate::json::{
    Name, Node,
    canonical::{write_members, write_members_within},
};

/// Names of an answer's metadata that a runtime sets. A flag's metadata never carries them, so that no name stands twice.
pub mod reserved {
    /// The [`Layer`](crate::Layer) that answered.
    pub const LAYER: &str = "layer";
    /// The version of the ruleset that answered, a number.
    pub const VERSION: &str = "version";
    /// `true` where a newer ruleset may exist.
    pub const STALE: &str = "stale";
    /// The version as OFREP spells it, a string.
    pub const FLAG_CONFIG_ETAG: &str = "flagConfigEtag";

    pub(super) const ALL: [&str; 4] = [LAYER, VERSION, STALE, FLAG_CONFIG_ETAG];
}

/// Reads the metadata and returns it as canonical JSON without [`reserved`] names; `None` if nothing is left.
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
    write_members_within(&mut text, &members, |_| true, MAX_METADATA_BYTES);
    if text.len() > MAX_METADATA_BYTES {
        report.error(place, format_args!("more than {MAX_METADATA_BYTES} bytes of canonical JSON"));
        return None;
    }
    let is_carried = |name: Name<'_, '_>| !reserved::ALL.iter().any(|reserved| name.is(reserved));
    if !members.clone().any(|(name, _)| is_carried(name)) {
        return None;
    }
    text.clear();
    write_members(&mut text, &members, is_carried);
    Some(text)
}
