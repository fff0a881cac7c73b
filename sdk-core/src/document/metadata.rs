//! The metadata of a flag: names and values that answers about the flag carry.
use alloc::{borrow::Cow, string::String, vec::Vec};

use super::{
    key::is_reserved,
    limits::{MAX_METADATA_BYTES, MAX_METADATA_NAMES},
    reader::{Fields, Report},
};
use crate::json::{Json, canonical::write_json};

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
    let carried: Vec<_> = members.iter().filter(|(name, _)| !reserved::ALL.contains(&name.as_ref())).cloned().collect();
    (!carried.is_empty()).then(|| written(&carried))
}
