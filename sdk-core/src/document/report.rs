//! The errors of a document: the first ones in its order, and how many there are.
use alloc::{format, vec::Vec};
use core::fmt;

use super::{error::DocumentError, limits::MAX_ERRORS};
use crate::json::{Place, Value};

/// The errors found so far. Only the first [`MAX_ERRORS`] in the order of the document are kept.
#[derive(Default)]
pub(crate) struct Report {
    /// The offset of the flag, segment or owner, then its error. At most twice as many as are kept in the end.
    errors: Vec<(usize, DocumentError)>,
    /// The number of all errors, also of those that are not kept.
    count: usize,
    /// The offset of the last error that is kept, once there are enough; an error behind it is only counted.
    last: Option<usize>,
    /// The offset of the flag, segment or owner that is being read.
    at: usize,
    /// The error that refuses the document whole; the first counts.
    pub(crate) refusal: Option<DocumentError>,
}

impl Report {
    /// Sets the offset of the flag, segment or owner that the next errors are about.
    pub(crate) fn reading(&mut self, offset: usize) {
        self.at = offset;
    }

    pub(crate) fn error(&mut self, place: Place<'_>, message: impl fmt::Display) {
        if self.counts() {
            self.keep(DocumentError::at(place, message));
        }
    }

    /// Reports an error at the place that a pointer names.
    pub(crate) fn error_at(&mut self, pointer: &str, message: impl fmt::Display) {
        if self.counts() {
            self.keep(DocumentError::at_pointer(pointer.into(), message));
        }
    }

    /// Adds an error that is made already.
    pub(crate) fn add(&mut self, error: DocumentError) {
        if self.counts() {
            self.keep(error);
        }
    }

    /// Adds the errors of a part that was compiled by itself: those that it kept, and the number of all.
    pub(crate) fn add_all(&mut self, errors: &[DocumentError], count: usize) {
        errors.iter().cloned().for_each(|error| self.add(error));
        self.count += count.saturating_sub(errors.len());
    }

    pub(crate) fn refuse(&mut self, place: Place<'_>, message: impl fmt::Display) {
        self.refusal.get_or_insert_with(|| DocumentError::at(place, message));
    }

    /// Reports a value of another kind than the expected one.
    pub(crate) fn expected(&mut self, place: Place<'_>, what: &str, found: Value<'_, '_>) {
        self.error(place, format_args!("expected {what}, found {}", found.kind()));
    }

    /// Reports a member that stands twice in one object.
    pub(crate) fn twice(&mut self, place: Place<'_>) {
        self.error(place, "a member of this name stands here twice");
    }

    /// Reports a count above `most`, and returns true; returns false for any other.
    pub(crate) fn too_many(&mut self, place: Place<'_>, count: usize, most: usize, what: &str) -> bool {
        if count > most {
            self.error(place, format!("{count} {what}, at most {most} are allowed"));
        }
        count > most
    }

    /// A mark of the errors so far: a later mark is equal if no error was reported in between.
    pub(crate) fn mark(&self) -> (usize, bool) {
        (self.count, self.refusal.is_some())
    }

    /// The errors that are kept, in the order of the document, and the number of all. Errors of one flag, segment or owner stand in the
    /// order in which they were found.
    pub(crate) fn finish(mut self) -> (Vec<DocumentError>, usize) {
        self.sort();
        let mut errors: Vec<DocumentError> = self.errors.into_iter().map(|(_, error)| error).collect();
        errors.shrink_to_fit();
        (errors, self.count)
    }

    /// Counts an error; returns true if it may be one of those that are kept.
    fn counts(&mut self) -> bool {
        self.count += 1;
        self.last.is_none_or(|last| self.at < last)
    }

    fn keep(&mut self, error: DocumentError) {
        self.errors.push((self.at, error));
        if self.errors.len() == 2 * MAX_ERRORS {
            self.sort();
            self.last = self.errors.last().map(|(at, _)| *at);
        }
    }

    /// Puts the errors in their order and drops those past the limit.
    fn sort(&mut self) {
        self.errors.sort_by_key(|(at, _)| *at);
        self.errors.truncate(MAX_ERRORS);
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String, vec::Vec};

    use super::{MAX_ERRORS, Report};
    use crate::{json::Place, matching::seeded::Seeded};

    #[test]
    fn the_first_errors_in_the_order_of_the_document_are_kept() {
        let mut random = Seeded(31);
        for count in [0, 1, 999, 1_000, 1_001, 1_999, 2_000, 2_001, 30_000] {
            let (mut report, mut all) = (Report::default(), Vec::new());
            for number in 0..count {
                let at = random.below(500);
                report.reading(at);
                report.error(Place::ROOT.index(at), number);
                all.push((at, number));
            }
            all.sort_by_key(|(at, _)| *at);
            all.truncate(MAX_ERRORS);
            let (errors, counted) = report.finish();
            let told: Vec<String> = errors.iter().map(|error| error.message.clone()).collect();
            let expected: Vec<String> = all.iter().map(|(_, number)| format!("{number}")).collect();
            assert_eq!(counted, count);
            assert_eq!(told, expected);
        }
    }
}
