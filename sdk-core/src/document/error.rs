//! Errors of a document, each with its place.
use alloc::string::String;
use core::fmt::{self, Write as _};

use crate::json::Place;

/// The longest message that is kept whole, in bytes: it may quote the document.
const MAX_MESSAGE: usize = 1_000;

/// One error of a document, with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct DocumentError {
    /// The place of the error: a JSON pointer (RFC 6901) into the document, empty for the whole of it.
    pub pointer: String,
    /// The fault, and the value that was expected.
    pub message: String,
}

impl DocumentError {
    /// An error at this place.
    pub fn at(place: Place<'_>, message: impl fmt::Display) -> Self {
        Self::at_pointer(place.pointer(), message)
    }

    /// The refusal of a document that compiles to more than tables hold.
    pub(crate) fn too_large() -> Self {
        Self::at(Place::ROOT, "the document does not fit the tables")
    }

    /// An error at the place that a pointer names.
    pub(crate) fn at_pointer(pointer: String, message: impl fmt::Display) -> Self {
        let mut short = Short(String::new());
        // A message that is longer ends here: a name in it may be as long as the document.
        if write!(short, "{message}").is_err() {
            short.0.push('…');
        }
        Self { pointer, message: short.0 }
    }
}

/// The first [`MAX_MESSAGE`] bytes of a message; writing more is an error.
struct Short(String);

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_MESSAGE - self.0.len();
        let taken = text.get(..text.floor_char_boundary(room)).unwrap_or(text);
        self.0.push_str(taken);
        if taken.len() == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() { write!(f, "document: {}", self.message) } else { write!(f, "{}: {}", self.pointer, self.message) }
    }
}

impl core::error::Error for DocumentError {}
