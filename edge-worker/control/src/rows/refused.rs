//! Definitions that were refused while the last good ones serve: what the operator wrote, and the errors of it.
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use sdk_core::DocumentError;
use serde::{Deserialize, Serialize};

use super::{RowKey, RowKind, Rows};

/// The sections of a document whose definitions may be refused, with the kinds of their rows.
pub(crate) const SECTIONS: [(&str, RowKind); 2] = [("segments", RowKind::Segment), ("flags", RowKind::Flag)];

/// A refused definition.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Refused {
    /// The definition as the document has it.
    pub(crate) text: String,
    /// Its errors: the pointer into the document and the message of each.
    pub(crate) errors: Vec<(String, String)>,
}

impl Refused {
    pub(crate) fn new(text: &str, errors: &[DocumentError]) -> Self {
        let errors = errors.iter().map(|error| (error.pointer.clone(), error.message.clone())).collect();
        Self { text: text.into(), errors }
    }

    pub(crate) fn to_row(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The key of the row that holds a refused definition of a flag or a segment.
pub(crate) fn key_of(definition: &RowKey) -> Option<RowKey> {
    let (section, _) = SECTIONS.into_iter().find(|(_, kind)| *kind == definition.kind)?;
    Some(RowKey { kind: RowKind::Refused, name: format!("{section}/{}", definition.name) })
}

/// The section and the name that the name of such a row has.
pub(super) fn section_of(name: &str) -> Option<(&str, &str)> {
    name.split_once('/')
}

impl Rows {
    /// The refused definition of a flag or a segment; `None` if the last one was good.
    pub(crate) fn refused(&self, definition: &RowKey) -> Option<Refused> {
        serde_json::from_str(self.text(&key_of(definition)?)?).ok()
    }

    /// The text of the refused definition of a flag or a segment; `None` if the last one was good.
    pub fn refused_text(&self, definition: &RowKey) -> Option<String> {
        self.refused(definition).map(|refused| refused.text)
    }

    /// The refused definitions, each with the key of the row that serves instead of it.
    pub(crate) fn all_refused(&self) -> impl Iterator<Item = (RowKey, Refused)> {
        self.of(RowKind::Refused).filter_map(|(name, text)| {
            let (section, name) = section_of(name)?;
            let (_, kind) = SECTIONS.into_iter().find(|(known, _)| *known == section)?;
            Some((RowKey { kind, name: name.to_owned() }, serde_json::from_str(text).ok()?))
        })
    }
}
